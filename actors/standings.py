"""How a run stands so far, from its catalogue, while somebody else writes it.

Only what can be had in one pass: means and counts. Ratings and intervals are the leaderboard's
(`arena tournament show`), which takes longer the more has been played.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from actors.config import MatchFormat
from actors.run_folder import CATALOGUE
from actors.storage import storage_errors

_ERRORS = 3
_SHOWN = 10

_FORMATS = "SELECT DISTINCT format FROM matches WHERE status = 'done'"
_BOTS = """
    SELECT name, count(*), avg(total_return), max(max_drawdown), total(fills), total(disqualified != '')
    FROM bots JOIN matches USING (match_id) WHERE status = 'done' AND format = ?
    GROUP BY name ORDER BY 3 DESC, name"""
_BEST = "SELECT number, value, params FROM trials WHERE value IS NOT NULL ORDER BY value DESC, number LIMIT ?"
_FAILED = "SELECT match_id, error FROM matches WHERE status = 'failed' ORDER BY position DESC LIMIT ?"


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """One bot over the matches that have ended. Ratios are fractions of one; the drawdown is the worst."""

    bot: str
    matches: int
    return_mean: float | None
    max_drawdown: float | None
    fills: int
    disqualified: int


class TrialStanding(msgspec.Struct, frozen=True, kw_only=True):
    """One trial of a search that has a value."""

    number: int
    value: float
    params: dict[str, Any]


class Standings(msgspec.Struct, frozen=True, kw_only=True):
    """What a catalogue says about a run.

    Parameters
    ----------
    format
        Of the matches that `bots` are ranked by: the melees, or the only other there are.
    bots
        Best mean return first.
    trials
        Of a search, best first.
    errors
        Of matches that failed: id and error, the last in the schedule first.
    """

    name: str = ""
    kind: str = ""
    done: int = 0
    failed: int = 0
    format: str = ""
    bots: tuple[Standing, ...] = ()
    trials: tuple[TrialStanding, ...] = ()
    errors: tuple[tuple[str, str], ...] = ()


def read_standings(folder: Path) -> Standings:
    """Return how the run in `folder` stands; nothing where it has no catalogue, as a world may have none.

    Reads only: it never holds up the process that writes.

    Raises
    ------
    StorageError
        The catalogue cannot be read.
    """
    path = folder / CATALOGUE
    if not path.is_file():
        return Standings()
    with storage_errors(path), _read_only(path) as db:
        row = db.execute("SELECT name, kind FROM run").fetchone()
        if row is None:
            return Standings()
        counts = dict(db.execute("SELECT status, count(*) FROM matches GROUP BY status"))
        formats = [form for (form,) in db.execute(_FORMATS)]
        form = MatchFormat.MELEE.value if MatchFormat.MELEE in formats else min(formats, default="")
        return Standings(
            name=row[0],
            kind=row[1],
            done=counts.get("done", 0),
            failed=counts.get("failed", 0),
            format=form,
            bots=tuple(_bots(db, form)),
            trials=tuple(_trials(db)),
            errors=tuple(db.execute(_FAILED, (_ERRORS,))),
        )


def _bots(db: sqlite3.Connection, form: str) -> Iterator[Standing]:
    for name, matches, mean, drawdown, fills, out in db.execute(_BOTS, (form,)):
        yield Standing(
            bot=name,
            matches=matches,
            return_mean=mean,
            max_drawdown=drawdown,
            fills=int(fills),
            disqualified=int(out),
        )


def _trials(db: sqlite3.Connection) -> Iterator[TrialStanding]:
    for number, value, params in db.execute(_BEST, (_SHOWN,)):
        yield TrialStanding(number=number, value=value, params=msgspec.json.decode(params))


@contextmanager
def _read_only(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as db:
        yield db
