"""A match as it goes to the catalogue: rows ready to be inserted, made where the match was played.

Laying out rows costs more than inserting them, so the workers do it: the driver of a thousand workers only
writes down what they send.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

import msgspec
import numpy as np

from actors.bot_output import BotLine
from actors.config import digest_of
from actors.record import MatchJob, MatchRecord
from actors.series import JOURNAL
from analytics.match_table import FIGURES, row_figures

DONE: Final = "done"
FAILED: Final = "failed"


class Payload(msgspec.Struct, frozen=True, array_like=True):
    """The bytes of one series of a match, and their digest."""

    kind: str
    content: bytes
    digest: str


class Filing(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """The outcome of a match, laid out as the tables of `actors.catalogue_schema` are.

    `error` is empty, or says in a line why the match could not be played; `said` is what the bots printed.
    """

    match_id: str
    error: str
    match: tuple[Any, ...]
    bots: tuple[tuple[Any, ...], ...] = ()
    markets: tuple[tuple[Any, ...], ...] = ()
    timing: tuple[Any, ...] = ()
    series: tuple[Payload, ...] = ()
    said: tuple[BotLine, ...] = ()

    @property
    def cpu_s(self) -> float:
        """Processor time of the match, 0 where it could not be played."""
        return float(self.timing[1]) if self.timing else 0.0


encode_filings = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(tuple[Filing, ...])


def decode_filings(payload: bytes) -> tuple[Filing, ...]:
    """Return what `encode_filings` was given."""
    return _decoder.decode(payload)


def filing_of(job: MatchJob, record: MatchRecord) -> Filing:
    """Return what is kept of a finished match."""
    match_id = job.match_id
    figures = np.array([row_figures(row) for row in record.rows], FIGURES)
    rest = (
        record.digest,
        record.market_digest,
        _json(record.instruments),
        record.start_ns,
        record.end_ns,
        record.requests,
        _json([row.bot for row in record.rows]),
        figures.tobytes(),
    )
    return Filing(
        match_id=match_id,
        error="",
        match=(*_place(job), DONE, "", "", *rest),
        bots=tuple(
            (match_id, seat, *msgspec.structs.astuple(bot), row.max_drawdown)
            for seat, (bot, row) in enumerate(zip(record.bots, record.rows, strict=True))
        ),
        markets=tuple(
            (match_id, position, *msgspec.structs.astuple(figures))
            for position, figures in enumerate(record.figures)
        ),
        timing=(match_id, record.cpu_s, record.wall_s, record.memory_mb),
        series=tuple(
            Payload(kind, content, hashlib.blake2b(content, digest_size=16).hexdigest())
            for kind, content in sorted(record.series.items())
        ),
    )


def failed_filing(job: MatchJob, error: str, detail: str = "") -> Filing:
    """Return what is kept of a match that could not be played: what went wrong, in a line and in full."""
    nothing = ("", "", "[]", 0, 0, 0, "[]", b"")
    return Filing(match_id=job.match_id, error=error, match=(*_place(job), FAILED, error, detail, *nothing))


def with_journal(filing: Filing, journal: bytes) -> Filing:
    """Return the filing with the match's journal among its series."""
    digest = hashlib.blake2b(journal, digest_size=16).hexdigest()
    series = (*filing.series, Payload(JOURNAL, journal, digest))
    return msgspec.structs.replace(filing, series=series)


def match_digest(job: MatchJob) -> str:
    """Return the digest of what a match's outcome depends on, its name apart."""
    return digest_of(msgspec.structs.replace(job.match, match_id=""))


def _place(job: MatchJob) -> tuple[Any, ...]:
    """Return the columns that the job alone decides, up to the status."""
    return (
        job.match_id,
        job.position,
        job.round,
        str(job.format),
        job.contest,
        job.block,
        job.subject,
        job.trial,
        job.match.seed,
        str(type(job.match.market).__struct_config__.tag),
        match_digest(job),
    )


def _json(value: object) -> str:
    return msgspec.json.encode(value, order="sorted").decode()
