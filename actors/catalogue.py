"""The catalogue of a run: one SQLite file that says which matches are finished and how they ended.

A match is finished when its row says so, and its row is written in one transaction after its files are
in place; whatever a run was interrupted by, what the catalogue calls done is whole. Timings live in a table
of their own, so that all other content is the same for any number of workers.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import msgspec
import numpy as np
import numpy.typing as npt

from actors.catalogue_entries import MatchEntry, RunInfo, SeriesFile, TrialEntry, float_or_nan
from actors.catalogue_schema import LASTING, SCHEMA, SCHEMA_VERSION, WIDTHS
from actors.filing import Filing
from actors.result import BotResult, MarketFigures
from actors.storage import StorageError, storage_errors
from analytics.match_table import FIGURES, MatchRow, MatchTable, match_table, rows_of

__all__ = ["Catalogue", "MatchEntry", "RunInfo", "SeriesFile", "TrialEntry"]

_KNOWN = "SELECT 1 FROM matches WHERE match_id = ?"


class Catalogue:
    """Open the catalogue file of a run, made where it does not exist.

    Raises
    ------
    StorageError
        The file is no catalogue, of another version, or cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with storage_errors(self.path):
            self._db = sqlite3.connect(path, isolation_level=None)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                with self._transaction():
                    for statement in SCHEMA:
                        self._db.execute(statement)
                    self._db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
            elif version != SCHEMA_VERSION:
                raise StorageError(
                    f"{path}: expected a catalogue of version {SCHEMA_VERSION}, was version {version}"
                )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._db.close()

    @property
    def info(self) -> RunInfo | None:
        """What the run is, or None before `begin`."""
        row = self._db.execute("SELECT kind, name, digest, code, spec FROM run").fetchone()
        if row is None:
            return None
        kind, name, digest, code, spec = row
        return RunInfo(kind=kind, name=name, digest=digest, code=code, spec=spec)

    def begin(self, info: RunInfo) -> None:
        """Note what the run is."""
        with storage_errors(self.path), self._transaction():
            self._db.execute("DELETE FROM run")
            self._db.execute("INSERT INTO run VALUES (?, ?, ?, ?, ?)", msgspec.structs.astuple(info))

    def spec_digest(self, match_id: str) -> str | None:
        """Return the digest of a finished match's specification, or None."""
        query = "SELECT spec_digest FROM matches WHERE match_id = ? AND status = 'done'"
        row = self._db.execute(query, (match_id,)).fetchone()
        return row[0] if row else None

    def record(self, entries: Sequence[tuple[Filing, Sequence[SeriesFile]]]) -> None:
        """Enter matches whose files are in place, in one transaction: all of them, or nothing.

        A match that could not be played is entered as such; a resumed run tries it again.
        """
        filings = [filing for filing, _ in entries]
        with storage_errors(self.path), self._transaction():
            for filing in filings:
                if self._db.execute(_KNOWN, (filing.match_id,)).fetchone():
                    self._delete(filing.match_id)
            self._insert("matches", (filing.match for filing in filings))
            self._insert("bots", (row for filing in filings for row in filing.bots))
            self._insert("markets", (row for filing in filings for row in filing.markets))
            self._insert("timings", (filing.timing for filing in filings if filing.timing))
            self._insert(
                "series",
                (
                    (filing.match_id, *msgspec.structs.astuple(file))
                    for filing, files in entries
                    for file in files
                ),
            )

    def forget(self, match_ids: Iterable[str]) -> None:
        """Take matches out, so that they are played again."""
        with storage_errors(self.path), self._transaction():
            for match_id in match_ids:
                self._delete(match_id)

    def record_trials(self, trials: Iterable[TrialEntry]) -> None:
        """Enter trials, in place of what was known of them."""
        with storage_errors(self.path), self._transaction():
            self._db.executemany(
                "INSERT OR REPLACE INTO trials VALUES (?, ?, ?, ?, ?)",
                [
                    (trial.number, _json(trial.params), trial.value, _json(trial.values), trial.error)
                    for trial in trials
                ],
            )

    def counts(self) -> tuple[int, int]:
        """Return how many matches are done and how many failed."""
        by_status = dict(self._db.execute("SELECT status, count(*) FROM matches GROUP BY status"))
        return by_status.get("done", 0), by_status.get("failed", 0)

    def matches(self, *, status: str | None = None) -> Iterator[MatchEntry]:
        """Yield the matches in the order of the schedule."""
        names = MatchEntry.__struct_fields__
        condition = "" if status is None else "WHERE status = :status"
        query = f"SELECT {', '.join(names)} FROM matches {condition} ORDER BY position"  # noqa: S608
        for values in self._db.execute(query, {"status": status}):
            fields = dict(zip(names, values, strict=True))
            fields["instruments"] = tuple(msgspec.json.decode(fields["instruments"]))
            yield MatchEntry(**fields)

    def digests(self) -> Iterator[tuple[str, str, str]]:
        """Yield id, journal digest and market digest of the finished matches in the order of the schedule."""
        yield from self._db.execute(
            "SELECT match_id, digest, market_digest FROM matches WHERE status = 'done' ORDER BY position"
        )

    def failures(self) -> dict[str, str]:
        """Return why matches failed, by match, in the order of the schedule."""
        query = "SELECT match_id, error FROM matches WHERE status = 'failed' ORDER BY position"
        return dict(self._db.execute(query))

    def disqualifications(self) -> list[tuple[str, int, str]]:
        """Return the bots that were taken out of a match: name, how often, and why the first time."""
        found: dict[str, tuple[int, str]] = {}
        for name, reason in self._db.execute(
            "SELECT name, disqualified FROM bots JOIN matches USING (match_id) "
            "WHERE disqualified != '' ORDER BY position, seat"
        ):
            times, first = found.get(name, (0, reason))
            found[name] = (times + 1, first)
        return [(name, times, first) for name, (times, first) in found.items()]

    def table(self, formats: Sequence[str]) -> MatchTable:
        """Return the leaderboard rows of the finished matches of `formats`, as columns."""
        rows = self._db.execute(
            "SELECT contest, match_id, block, line_up, figures FROM matches "  # noqa: S608 - our own text
            f"WHERE status = 'done' AND format IN ({_marks(formats)})",
            [str(form) for form in formats],
        ).fetchall()
        bots: dict[str, int] = {}
        seats: dict[str, npt.NDArray[np.int64]] = {}  # a run has few line-ups
        for line_up in dict.fromkeys(row[3] for row in rows):
            names = msgspec.json.decode(line_up, type=list[str])
            seats[line_up] = np.array([bots.setdefault(name, len(bots)) for name in names], np.int64)
        sizes = np.array([len(seats[row[3]]) for row in rows], np.int64)
        none = np.zeros(0, np.int64)
        return match_table(
            [row[:3] for row in rows],
            list(bots),
            np.repeat(np.arange(len(rows)), sizes),
            np.concatenate([none, *(seats[row[3]] for row in rows)]),
            np.frombuffer(b"".join(row[4] for row in rows), FIGURES),
        )

    def rows(self, formats: Sequence[str]) -> Iterator[MatchRow]:
        """Yield one leaderboard row per bot and finished match of `formats`, by schedule and seat."""
        return self._rows(f"format IN ({_marks(formats)})", [str(form) for form in formats])

    def trial_rows(self, trial: int, bot: str) -> Iterator[MatchRow]:
        """Yield one bot's leaderboard rows of a trial's finished matches, by seed."""
        return (row for row in self._rows("trial = ? AND trial >= 0", (trial,)) if row.bot == bot)

    def trial_error(self, trial: int) -> str:
        """Return why the first match of a trial that failed did so, or nothing."""
        query = "SELECT error FROM matches WHERE trial = ? AND status = 'failed' ORDER BY position LIMIT 1"
        row = self._db.execute(query, (trial,)).fetchone()
        return row[0] if row else ""

    def _rows(self, condition: str, values: Sequence[object]) -> Iterator[MatchRow]:
        cursor = self._db.execute(
            "SELECT match_id, contest, block, line_up, figures FROM matches "  # noqa: S608 - our own text
            f"WHERE status = 'done' AND {condition} ORDER BY position",
            values,
        )
        for match_id, contest, block, line_up, blob in cursor:
            names = msgspec.json.decode(line_up, type=list[str])
            figures = np.frombuffer(blob, FIGURES)
            reasons = [""] * len(names)
            if figures["out"].any():
                query = "SELECT disqualified FROM bots WHERE match_id = ? ORDER BY seat"
                reasons = [row[0] for row in self._db.execute(query, (match_id,))]
            yield from rows_of(
                match_id=match_id,
                contest=contest,
                block=block,
                bots=names,
                figures=figures,
                disqualified=reasons,
            )

    def bot_results(self, match_id: str) -> tuple[BotResult, ...]:
        """Return the accounts' outcomes of one match, in account order."""
        names = BotResult.__struct_fields__
        query = f"SELECT {', '.join(names)} FROM bots WHERE match_id = ? ORDER BY seat"  # noqa: S608
        return tuple(
            BotResult(**{name: float_or_nan(value) for name, value in zip(names, values, strict=True)})
            for values in self._db.execute(query, (match_id,))
        )

    def market_figures(self, match_id: str) -> tuple[MarketFigures, ...]:
        """Return the figures of one match's instruments, in the order of the market."""
        names = MarketFigures.__struct_fields__
        query = f"SELECT {', '.join(names)} FROM markets WHERE match_id = ? ORDER BY position"  # noqa: S608
        return tuple(
            MarketFigures(**{name: float_or_nan(value) for name, value in zip(names, values, strict=True)})
            for values in self._db.execute(query, (match_id,))
        )

    def all_series(self) -> Iterator[tuple[str, SeriesFile]]:
        """Yield every file with the match it belongs to."""
        for match_id, *values in self._db.execute(
            "SELECT match_id, kind, path, at, size, digest FROM series ORDER BY match_id, kind"
        ):
            yield match_id, SeriesFile(*values)

    def series(self, match_id: str) -> dict[str, SeriesFile]:
        """Return the files of one match by kind."""
        query = "SELECT kind, path, at, size, digest FROM series WHERE match_id = ? ORDER BY kind"
        return {values[0]: SeriesFile(*values) for values in self._db.execute(query, (match_id,))}

    def trials(self) -> Iterator[TrialEntry]:
        """Yield the trials of a search in order."""
        query = "SELECT number, params, value, seed_values, error FROM trials ORDER BY number"
        for number, params, value, values, error in self._db.execute(query):
            yield TrialEntry(
                number=number,
                params=msgspec.json.decode(params),
                value=float_or_nan(value),
                values=tuple(float_or_nan(each) for each in msgspec.json.decode(values)),
                error=error,
            )

    def timings(self) -> tuple[float, float, float]:
        """Return the matches' processor seconds, wall seconds, and the largest memory of a process in MB."""
        query = "SELECT total(cpu_s), total(wall_s), coalesce(max(memory_mb), 0) FROM timings"
        cpu_s, wall_s, memory_mb = self._db.execute(query).fetchone()
        return cpu_s, wall_s, memory_mb

    def content(self) -> dict[str, list[tuple[object, ...]]]:
        """Return what the run's specification decides, in the order of keys: equal for equal runs."""
        return {
            table: self._db.execute(f"SELECT {columns} FROM {table} ORDER BY 1, 2").fetchall()  # noqa: S608
            for table, columns in LASTING.items()
        }

    def select(self, query: str, values: Mapping[str, object] | None = None) -> list[tuple[Any, ...]]:
        """Return the rows of a query of our own making."""
        return self._db.execute(query, values or {}).fetchall()

    def _insert(self, table: str, rows: Iterable[Sequence[object]]) -> None:
        marks = ", ".join("?" * WIDTHS[table])
        self._db.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608 - our own names

    def _delete(self, match_id: str) -> None:
        for table in WIDTHS:
            self._db.execute(f"DELETE FROM {table} WHERE match_id = ?", (match_id,))  # noqa: S608

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")


def _json(value: object) -> str:
    return msgspec.json.encode(value, order="sorted").decode()


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))
