"""A job, and what is kept of the match: numbers, leaderboard rows and Parquet bytes."""

from __future__ import annotations

import msgspec

from actors.config import MatchFormat
from actors.match_config import MatchSpec
from actors.result import BotResult, MarketFigures, MatchResult
from actors.series import encode_series
from analytics.match_table import MatchRow, match_rows


class MatchJob(msgspec.Struct, frozen=True, kw_only=True):
    """One match and its place in the run.

    Parameters
    ----------
    position
        In the schedule; results are listed in this order, whoever finished first.
    contest
        Bots are ranked against those of the same contest: a melee is its own; the solo matches of a
        round are one.
    block
        Jobs of one block share the market's randomness.
    subject
        The bot that plays alone, that is left out, or whose configuration is searched; empty in a melee.
    trial
        Of a search; -1 elsewhere.
    """

    position: int
    contest: str
    block: str
    format: MatchFormat
    round: int
    match: MatchSpec
    subject: str = ""
    trial: int = -1

    @property
    def match_id(self) -> str:
        return self.match.match_id


class MatchRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A finished match. `series` holds a file's bytes per kind of series.

    `cpu_s` is the processor time of the match alone, `wall_s` its duration, `memory_mb` the largest
    resident memory of the process that played it so far; none of them goes into a digest.
    """

    match_id: str
    digest: str
    market_digest: str
    instruments: tuple[str, ...]
    start_ns: int
    end_ns: int
    requests: int
    bots: tuple[BotResult, ...]
    figures: tuple[MarketFigures, ...]
    rows: tuple[MatchRow, ...]
    series: dict[str, bytes]
    cpu_s: float = 0.0
    wall_s: float = 0.0
    memory_mb: float = 0.0


encode_job = msgspec.msgpack.Encoder().encode
_job_decoder = msgspec.msgpack.Decoder(MatchJob)


def decode_job(payload: bytes) -> MatchJob:
    """Return the job in `payload`."""
    return _job_decoder.decode(payload)


def record_of(job: MatchJob, result: MatchResult, *, memory_mb: float = 0.0) -> MatchRecord:
    """Return what is kept of `result`."""
    rows = match_rows(
        match_id=job.match_id,
        contest=job.contest,
        block=job.block,
        bots=[bot.name for bot in result.bots],
        times_ns=result.times_ns,
        equity=result.equity,
        fills=result.fills,
        disqualified=[bot.disqualified for bot in result.bots],
    )
    return MatchRecord(
        match_id=job.match_id,
        digest=result.digest,
        market_digest=result.market_digest,
        instruments=result.instruments,
        start_ns=result.start_ns,
        end_ns=result.end_ns,
        requests=result.requests,
        bots=result.bots,
        figures=result.figures,
        rows=tuple(rows),
        series=encode_series(result),
        cpu_s=result.cpu_s,
        wall_s=result.wall_s,
        memory_mb=memory_mb,
    )
