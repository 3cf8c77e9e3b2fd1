"""Documents say what is there: links lead somewhere, lists are complete, examples are read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from actors.app import app
from actors.cli.errors import ExitCode
from actors.config_files import load_match, load_search, load_tournament, read_contest
from actors.match_config import BotSpec, MatchSettings
from actors.realtime.trader import OUTSIDE
from actors.search_config import SearchSettings
from actors.tournament import TournamentResult
from analytics.leaderboard import LeaderboardRow

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "benchmarks" / "README.md"])
_LINK = re.compile(r"\]\((?!https?://)([^)#]*)(?:#([^)]*))?\)")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(document: Path) -> None:
    for target, anchor in _LINK.findall(document.read_text()):
        path = (document.parent / target).resolve() if target else document
        assert path.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", path.read_text(), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", each).lower().replace(" ", "-") for each in headings}


def test_every_decision_is_listed_once_in_order() -> None:
    folder = ROOT / "docs" / "adr"
    records = sorted(path.name for path in folder.glob("[0-9]*.md"))
    listed = re.findall(r"\((\d{4}-[^)]*\.md)\)", (folder / "README.md").read_text())
    assert listed == records
    assert [int(name[:4]) for name in records] == list(range(1, len(records) + 1))
    for number, name in enumerate(records, start=1):
        text = (folder / name).read_text()
        assert text.startswith(f"# {number}. ")
        for heading in ("## Why", "## Decision", "## Consequences"):
            assert heading in text


def test_every_command_exit_code_and_key_is_documented() -> None:
    text = (ROOT / "docs" / "cli.md").read_text()
    for command in app.registered_commands:
        assert f"`arena {command.name}" in text
    for code in ExitCode:
        assert f"| {code.value} | `{code.name}` |" in text
    keys = [
        *LeaderboardRow.__struct_fields__,
        *(name for name in TournamentResult.__struct_fields__ if name != "name"),
    ]
    assert [key for key in keys if f"`{key}`" not in text] == []


@pytest.mark.parametrize("struct", [MatchSettings, BotSpec, SearchSettings], ids=lambda kind: kind.__name__)
def test_every_field_of_a_contest_file_is_documented(struct: type) -> None:
    text = (ROOT / "docs" / "contests.md").read_text()
    names = struct.__struct_fields__  # type: ignore[attr-defined] # a msgspec struct
    assert [name for name in names if f"`{name}`" not in text and f"`{name}." not in text] == []


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.toml")), ids=lambda path: path.name)
def test_examples_are_read(path: Path) -> None:
    contest = read_contest(path)
    if any(bot.strategy == OUTSIDE for bot in contest.bots):
        assert load_match(path, outside=True)
        return
    assert load_match(path)
    assert load_tournament(path)
    if contest.search is not None:
        assert load_search(path)


def test_real_history_is_played_by_the_seven_accounts_for_three_days() -> None:
    spec = load_tournament(ROOT / "examples" / "real_2025_05.toml")
    strategies = sorted(bot.strategy for bot in spec.bots)
    assert strategies == [
        "alpha",
        "buy_and_hold",
        "cash",
        "market_maker",
        "mean_reversion",
        "momentum",
        "random",
    ]
    assert spec.settings.duration_ns >= 3 * 86_400 * 10**9
    assert [each.base for each in spec.markets[0].contracts()] == ["BTC", "ETH", "SOL"]
