"""What `--json` prints. The keys are part of the interface, see docs/cli.md."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from actors.search import SearchResult
    from actors.tournament import TournamentResult
    from analytics.leaderboard import Leaderboard


def leaderboard_document(board: Leaderboard | None) -> list[dict[str, Any]]:
    """Return the rows of a leaderboard, strongest first; empty where there is none."""
    import msgspec

    return [msgspec.structs.asdict(row) for row in board.rows] if board is not None else []


def tournament_document(result: TournamentResult, report: Path | None) -> dict[str, Any]:
    """Return what `arena tournament ... --json` prints."""
    import msgspec

    return {
        "name": result.name,
        "digest": result.digest,
        "matches_done": result.matches_done,
        "matches_failed": result.matches_failed,
        "failures": result.failures,
        "cpu_s": result.cpu_s,
        "wall_s": result.wall_s,
        "memory_mb": result.memory_mb,
        "leaderboard": leaderboard_document(result.leaderboard),
        "leaderboards": {name: leaderboard_document(board) for name, board in result.leaderboards.items()},
        "effects": [msgspec.structs.asdict(effect) for effect in result.effects],
        "folder": str(result.folder),
        "report": str(report) if report is not None else None,
    }


def search_document(result: SearchResult, report: Path | None) -> dict[str, Any]:
    """Return what `arena search ... --json` prints."""
    import msgspec

    return {
        "name": result.name,
        "digest": result.digest,
        "matches_done": result.matches_done,
        "matches_failed": result.matches_failed,
        "cpu_s": result.cpu_s,
        "wall_s": result.wall_s,
        "memory_mb": result.memory_mb,
        "best": msgspec.structs.asdict(result.best) if result.best is not None else None,
        "best_file": str(result.best_file) if result.best_file is not None else None,
        "verdict": msgspec.structs.asdict(result.verdict) if result.verdict is not None else None,
        "trials": [msgspec.structs.asdict(trial) for trial in result.trials],
        "folder": str(result.folder),
        "report": str(report) if report is not None else None,
    }
