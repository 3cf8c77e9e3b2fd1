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
from typing import Self

import msgspec

from actors.catalogue_entries import (
    MatchEntry,
    RunInfo,
    SeriesFile,
    TrialEntry,
    bot_values,
    float_or_nan,
    match_row,
)
from actors.catalogue_schema import BOT_COLUMNS, SCHEMA, SCHEMA_VERSION, TABLES
from actors.record import MatchFailure, MatchJob, MatchRecord
from actors.result import BotResult, MarketFigures
from actors.storage import StorageError, storage_errors
from analytics.leaderboard import MatchRow

__all__ = ["Catalogue", "MatchEntry", "RunInfo", "SeriesFile", "TrialEntry"]


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

    def finished(self) -> dict[str, str]:
        """Return the ids of finished matches and the digests of their specifications."""
        return dict(self._db.execute("SELECT match_id, spec_digest FROM matches WHERE status = 'done'"))

    def record(
        self, job: MatchJob, spec_digest: str, record: MatchRecord, series: Sequence[SeriesFile]
    ) -> None:
        """Enter a finished match whose files are in place: all of it, or nothing."""
        with storage_errors(self.path), self._transaction():
            self._enter(job, spec_digest, record)
            self._db.executemany(
                "INSERT INTO series VALUES (?, ?, ?, ?, ?)",
                [(job.match_id, *msgspec.structs.astuple(entry)) for entry in series],
            )
            self._db.executemany(
                f"INSERT INTO bots VALUES ({', '.join('?' * len(BOT_COLUMNS))})",  # noqa: S608 - our own names
                [
                    bot_values(job, seat, bot, row)
                    for seat, (bot, row) in enumerate(zip(record.bots, record.rows, strict=True))
                ],
            )
            self._db.executemany(
                "INSERT INTO markets VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (job.match_id, position, *msgspec.structs.astuple(figures))
                    for position, figures in enumerate(record.figures)
                ],
            )
            self._db.execute(
                "INSERT OR REPLACE INTO timings VALUES (?, ?, ?, ?)",
                (job.match_id, record.cpu_s, record.wall_s, record.memory_mb),
            )

    def record_failure(self, job: MatchJob, spec_digest: str, failure: MatchFailure) -> None:
        """Enter a match that could not be played. A resumed run tries it again."""
        with storage_errors(self.path), self._transaction():
            self._enter(job, spec_digest, failure)

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
        query = f"SELECT {', '.join(names)} FROM matches WHERE ? IS NULL OR status = ? ORDER BY position"  # noqa: S608
        for values in self._db.execute(query, (status, status)):
            fields = dict(zip(names, values, strict=True))
            fields["instruments"] = tuple(msgspec.json.decode(fields["instruments"]))
            yield MatchEntry(**fields)

    def rows(self, formats: Sequence[str]) -> Iterator[MatchRow]:
        """Yield one leaderboard row per bot and finished match of `formats`, by schedule and seat."""
        marks = ", ".join("?" * len(formats))
        return self._rows(f"format IN ({marks})", [str(form) for form in formats])

    def trial_rows(self, trial: int, bot: str) -> Iterator[MatchRow]:
        """Yield one bot's leaderboard rows of a trial's finished matches, by seed."""
        return self._rows("trial = ? AND name = ?", (trial, bot))

    def trial_error(self, trial: int) -> str:
        """Return why the first match of a trial that failed did so, or nothing."""
        query = "SELECT error FROM matches WHERE trial = ? AND status = 'failed' ORDER BY position LIMIT 1"
        row = self._db.execute(query, (trial,)).fetchone()
        return row[0] if row else ""

    def _rows(self, condition: str, values: Sequence[object]) -> Iterator[MatchRow]:
        cursor = self._db.execute(
            "SELECT bots.*, contest, block FROM bots JOIN matches USING (match_id) "  # noqa: S608 - our own text
            f"WHERE status = 'done' AND {condition} ORDER BY position, seat",
            values,
        )
        names = [column[0] for column in cursor.description]
        for entry in cursor:
            yield match_row(dict(zip(names, entry, strict=True)))

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
        for match_id, *values in self._db.execute("SELECT * FROM series ORDER BY match_id, kind"):
            yield match_id, SeriesFile(*values)

    def series(self, match_id: str) -> dict[str, SeriesFile]:
        """Return the files of one match by kind."""
        query = "SELECT kind, path, size, digest FROM series WHERE match_id = ? ORDER BY kind"
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
        """Return every table but the timings, rows in the order of their keys: equal for equal runs."""
        return {
            table: self._db.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()  # noqa: S608
            for table in TABLES
        }

    def _enter(self, job: MatchJob, spec_digest: str, outcome: MatchRecord | MatchFailure) -> None:
        self._delete(job.match_id)
        values: Mapping[str, object] = {
            "match_id": job.match_id,
            "position": job.position,
            "round": job.round,
            "format": str(job.format),
            "contest": job.contest,
            "block": job.block,
            "subject": job.subject,
            "trial": job.trial,
            "seed": job.match.seed,
            "spec_digest": spec_digest,
        }
        if isinstance(outcome, MatchRecord):
            rest: tuple[object, ...] = (
                "done",
                "",
                "",
                outcome.digest,
                outcome.market_digest,
                _json(outcome.instruments),
                outcome.start_ns,
                outcome.end_ns,
                outcome.requests,
            )
        else:
            rest = ("failed", outcome.error, outcome.detail, "", "", "[]", 0, 0, 0)
        filled = (*values.values(), *rest)
        self._db.execute(f"INSERT INTO matches VALUES ({', '.join('?' * len(filled))})", filled)  # noqa: S608

    def _delete(self, match_id: str) -> None:
        for table in ("matches", "bots", "markets", "series", "timings"):
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
