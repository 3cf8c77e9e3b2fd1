"""Find matches of a run: by bot, market, format, how they ended, or the best of a bot."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import msgspec

from actors.run_folder import open_catalogue


class MatchFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which matches are wanted; what is empty does not matter.

    Parameters
    ----------
    bot
        Name of a bot that took part; its figures are shown.
    market
        Kind of market (`synthetic`), or one of its instruments (`BTC/USDT:USDT`).
    format, status
        As in the catalogue.
    top
        The so many best accounts by return, best first, in place of all matches in the order of the schedule.
    """

    bot: str = ""
    market: str = ""
    format: str = ""
    status: str = ""
    top: int = 0


class MatchLine(msgspec.Struct, frozen=True, kw_only=True):
    """One match, and one account's figures in it where a bot or the best were asked for.

    Ratios are fractions of one, `fees` the settlement asset; NaN where there are none.
    """

    match_id: str
    format: str
    market: str
    instruments: tuple[str, ...]
    seed: int
    status: str
    error: str
    bot: str = ""
    total_return: float = math.nan
    max_drawdown: float = math.nan
    fees: float = math.nan
    fills: int = 0
    disqualified: str = ""


_MATCH = ("match_id", "format", "market", "instruments", "seed", "status", "error")
_ACCOUNT = ("name", "total_return", "max_drawdown", "fees", "fills", "disqualified")
_CONDITIONS = {
    "format": "matches.format = :format",
    "status": "matches.status = :status",
    "market": "(matches.market = :market OR EXISTS "
    "(SELECT 1 FROM json_each(matches.instruments) WHERE value = :market))",
    "bot": "bots.name = :bot",
}


def find_matches(folder: Path, wanted: MatchFilter) -> list[MatchLine]:
    """Return the matches of the run in `folder` that are wanted.

    Raises
    ------
    ValueError
        No match of the run has that bot or market; names those there are.
    StorageError
        There is no run in `folder`.
    """
    accounts = bool(wanted.bot or wanted.top)
    columns = [f"matches.{name}" for name in _MATCH]
    source, order = "matches", "matches.position"
    if accounts:
        columns += [f"bots.{name}" for name in _ACCOUNT]
        source = "bots CROSS JOIN matches USING (match_id)"  # CROSS: the accounts' index first
    if wanted.top:
        order = "bots.total_return DESC, matches.position, bots.seat"
    given = {name: value for name, value in msgspec.structs.asdict(wanted).items() if value}
    conditions = " AND ".join(text for name, text in _CONDITIONS.items() if name in given) or "1"
    query = (
        f"SELECT {', '.join(columns)} FROM {source} WHERE {conditions} "  # noqa: S608 - our own names
        f"ORDER BY {order} LIMIT {wanted.top or -1}"
    )
    with open_catalogue(folder) as catalogue:
        rows = catalogue.select(query, given)
        if not rows:
            _check_known(wanted.bot, "bot", catalogue.select("SELECT DISTINCT name FROM bots"))
            _check_known(
                wanted.market,
                "market",
                catalogue.select(
                    "SELECT market FROM matches UNION SELECT value FROM matches, json_each(instruments)"
                ),
            )
    return [_line(row) for row in rows]


def _line(row: Sequence[object]) -> MatchLine:
    names = (*_MATCH, "bot", *_ACCOUNT[1:])
    fields = {name: value for name, value in zip(names, row, strict=False) if value is not None}
    fields["instruments"] = tuple(msgspec.json.decode(str(fields["instruments"]), type=list[str]))
    return msgspec.convert(fields, MatchLine)


def _check_known(value: str, field: str, rows: Sequence[Sequence[object]]) -> None:
    known = sorted(str(row[0]) for row in rows)
    if value and value not in known:
        raise ValueError(f"{field}: expected one of {', '.join(known) or 'none yet'}, was {value!r}")
