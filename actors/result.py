"""What a match leaves behind: plain arrays and numbers, the same bytes wherever it ran."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import numpy as np
import numpy.typing as npt

FILL = np.dtype(
    [
        ("ts_ns", "<i8"),
        ("trade_id", "<i8"),
        ("client_order_id", "<i8"),
        ("price", "<f8"),  # settlement asset per base unit
        ("quantity", "<f8"),  # base units, positive
        ("fee", "<f8"),  # settlement asset, positive when paid
        ("bot", "<i2"),  # index into MatchResult.bots
        ("instrument", "<i2"),  # index into MatchResult.instruments
        ("side", "u1"),  # Side
        ("maker", "u1"),  # 1: the bot's order was resting
    ]
)
"""One fill of one bot."""

MARKET_SAMPLE = np.dtype(
    [
        ("ts_ns", "<i8"),
        ("bid", "<f8"),  # best bid, NaN where the side is empty
        ("ask", "<f8"),
        ("last", "<f8"),  # last trade, NaN before the first
        ("volume", "<f8"),  # base units traded since the previous sample
        ("bid_depth", "<f8"),  # base units resting in the best 10 levels
        ("ask_depth", "<f8"),
    ]
)
"""One instrument at one sampling time."""


class BotResult(msgspec.Struct, frozen=True, kw_only=True):
    """One account's outcome. Money is in the settlement asset; ratios are fractions of one."""

    name: str
    strategy: str
    start_equity: float
    final_equity: float
    total_return: float
    fees: float
    volume: float  # value traded
    maker_volume: float
    fills: int
    orders: int
    denied: int
    rejected: int
    canceled: int
    funding: float = 0.0  # paid; negative: received
    liquidations: int = 0  # times the exchange closed a position or a part of it
    deleveraged: int = 0  # times a position was closed against a bankrupt one
    insurance: float = 0.0  # liquidation fees less what the insurance fund paid
    disqualified: str = ""  # empty, or why the bot was taken out


class MarketFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One instrument over the whole match."""

    instrument: str
    first: float
    last: float
    volume: float  # base units
    trades: int
    mean_spread_bps: float  # time-weighted over the samples


@dataclass(frozen=True, slots=True)
class MatchResult:
    """The whole outcome of a match.

    `times_ns` (n) and `equity` (n, bots) are the equity curves, valued at the mark price;
    `market[i]` are the samples of `instruments[i]`. `digest` names the journal, `market_digest` the
    exchange's whole event stream. `cpu_s` and `wall_s` are not part of any digest.
    """

    match_id: str
    seed: int
    digest: str
    market_digest: str
    instruments: tuple[str, ...]
    start_ns: int
    end_ns: int
    bots: tuple[BotResult, ...]
    figures: tuple[MarketFigures, ...]
    times_ns: npt.NDArray[np.int64]
    equity: npt.NDArray[np.float64]
    fills: np.ndarray  # FILL rows in order of time
    market: tuple[np.ndarray, ...]  # MARKET_SAMPLE rows
    requests: int
    cpu_s: float
    wall_s: float
