"""What a catalogue lists, and how it is laid out in rows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import msgspec

from actors.catalogue_schema import BOT_COLUMNS
from actors.record import MatchJob
from actors.result import BotResult
from analytics.leaderboard import MatchRow
from analytics.returns import ReturnMoments
from analytics.trades import TradeTotals


class RunInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What a run is: `kind` (tournament, search), its specification and the code that plays it."""

    kind: str
    name: str
    digest: str
    code: str
    spec: str  # JSON


class MatchEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One match as the catalogue lists it.

    `status` is done or failed; `error` says why it failed in a line, `detail` in full.
    """

    match_id: str
    position: int
    round: int
    format: str
    contest: str
    block: str
    subject: str
    trial: int
    seed: int
    spec_digest: str
    status: str
    error: str
    detail: str
    digest: str
    market_digest: str
    instruments: tuple[str, ...]
    start_ns: int
    end_ns: int
    requests: int


class SeriesFile(msgspec.Struct, frozen=True):
    """A series on disk: `path` is relative to the run's folder."""

    kind: str
    path: str
    size: int
    digest: str


class TrialEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One trial of a search. `value` is NaN and `error` says why where it has none."""

    number: int
    params: dict[str, Any]
    value: float
    values: tuple[float, ...]
    error: str = ""


def float_or_nan(value: Any) -> Any:
    """Return a value from SQLite, which keeps NaN as NULL."""
    return math.nan if value is None else value


def bot_values(job: MatchJob, seat: int, bot: BotResult, row: MatchRow) -> tuple[object, ...]:
    fields: dict[str, object] = {
        **msgspec.structs.asdict(bot),
        "match_id": job.match_id,
        "seat": seat,
        "max_drawdown": row.max_drawdown,
        "row_start_equity": row.start_equity,
        "row_return": row.total_return,
        "round_trips": row.trades.round_trips,
        "wins": row.trades.wins,
        "row_volume": row.trades.volume,
        "row_maker_volume": row.trades.maker_volume,
        "row_fees": row.trades.fees,
        "row_fills": row.trades.fills,
        **{f"moment_{name}": value for name, value in msgspec.structs.asdict(row.moments).items()},
    }
    return tuple(fields[name] for name in BOT_COLUMNS)


def match_row(fields: Mapping[str, Any]) -> MatchRow:
    return MatchRow(
        match_id=fields["match_id"],
        contest=fields["contest"],
        block=fields["block"],
        bot=fields["name"],
        start_equity=float_or_nan(fields["row_start_equity"]),
        total_return=float_or_nan(fields["row_return"]),
        max_drawdown=float_or_nan(fields["max_drawdown"]),
        moments=ReturnMoments(
            **{name: float_or_nan(fields[f"moment_{name}"]) for name in ReturnMoments.__struct_fields__}
        ),
        trades=TradeTotals(
            fills=fields["row_fills"],
            volume=fields["row_volume"],
            maker_volume=fields["row_maker_volume"],
            fees=fields["row_fees"],
            round_trips=fields["round_trips"],
            wins=fields["wins"],
        ),
        disqualified=fields["disqualified"],
    )
