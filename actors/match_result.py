"""What a match leaves, gathered from its parts: the exchange's side and every account's.

The parts may have been computed in different processes, so each makes its report of plain values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
import numpy.typing as npt

from actors.host import AccountHost
from actors.match_config import MatchSpec
from actors.result import FILL, MARKET_SAMPLE, BotResult, MarketFigures, MatchResult
from exchange_sim.market_side import MarketSide
from exchange_sim.model.enums import EventKind, Liquidity, Side
from exchange_sim.model.instrument import ASSET_SCALE, Instrument
from exchange_sim.ports import RunningMarket

_ATOMS = 10.0**ASSET_SCALE
_COUNTED = (EventKind.ACCEPTED, EventKind.REJECTED, EventKind.CANCELED, EventKind.LIQUIDATED)


@dataclass(frozen=True, slots=True)
class MarketReport:
    """The exchange's side of a match; `counts` has the events of each account, by kind."""

    market_digest: str
    instruments: tuple[str, ...]
    start_ns: int
    end_ns: int
    requests: int
    figures: tuple[MarketFigures, ...]
    times_ns: npt.NDArray[np.int64]
    equity: npt.NDArray[np.float64]
    fills: npt.NDArray[np.void]
    market: tuple[npt.NDArray[np.void], ...]
    counts: tuple[dict[EventKind, int], ...]


class AccountReport(msgspec.Struct, frozen=True, kw_only=True):
    """An account's own books at the end. Money is in the settlement asset."""

    fees: float
    volume: float
    maker_volume: float
    fills: int
    denied: int
    funding: float
    deleveraged: int
    insurance: float
    disqualified: str


def market_report(side: MarketSide) -> MarketReport:
    """Return the report of a market that has closed, after a last look at its books.

    Raises
    ------
    ConservationError
        Money has appeared or vanished: a defect of the exchange.
    """
    kernel = side.kernel
    kernel.exchange.check_conservation()
    instruments, samples = kernel.instruments, side.samples
    return MarketReport(
        market_digest=kernel.market_digest(),
        instruments=tuple(each.instrument_id for each in instruments),
        start_ns=int(side.times_ns[0]),
        end_ns=kernel.now_ns,
        requests=kernel.counters.requests,
        figures=tuple(_figures(kernel, samples, n) for n in range(len(instruments))),
        times_ns=side.times_ns,
        equity=side.equity_atoms / _ATOMS,
        fills=_fills(side),
        market=tuple(_market_samples(instrument, samples, n) for n, instrument in enumerate(instruments)),
        counts=tuple({kind: side.event_count(each, kind) for kind in _COUNTED} for each in side.account_ids),
    )


def account_report(host: AccountHost) -> AccountReport:
    """Return an account's report; its books equal the exchange's, with spot fees in money."""
    books = host.host.portfolio
    ledgers = books.positions.values()
    return AccountReport(
        fees=sum(each.fees_atoms for each in ledgers) / _ATOMS,
        volume=sum(each.volume_atoms for each in ledgers) / _ATOMS,
        maker_volume=sum(each.maker_atoms for each in ledgers) / _ATOMS,
        fills=sum(each.fills for each in ledgers),
        denied=host.denied,
        funding=sum(each.funding_atoms for each in ledgers) / _ATOMS,
        deleveraged=books.deleveraged,
        insurance=books.insurance_atoms / _ATOMS,
        disqualified=host.disqualified,
    )


def match_result(
    spec: MatchSpec, digest: str, market: MarketReport, accounts: Sequence[AccountReport]
) -> MatchResult:
    """Return the result of a match, without `cpu_s` and `wall_s`; `accounts` are in the order of its bots."""
    return MatchResult(
        match_id=spec.match_id,
        seed=spec.seed,
        digest=digest,
        market_digest=market.market_digest,
        instruments=market.instruments,
        start_ns=market.start_ns,
        end_ns=market.end_ns,
        bots=tuple(_bot_result(spec, market, account, seat) for seat, account in enumerate(accounts)),
        figures=market.figures,
        times_ns=market.times_ns,
        equity=market.equity,
        fills=market.fills,
        market=market.market,
        requests=market.requests,
        cpu_s=0.0,
        wall_s=0.0,
    )


def _bot_result(spec: MatchSpec, market: MarketReport, account: AccountReport, seat: int) -> BotResult:
    bot, counts = spec.bots[seat], market.counts[seat]
    start, final = float(market.equity[0, seat]), float(market.equity[-1, seat])
    return BotResult(
        name=bot.name,
        strategy=bot.strategy,
        start_equity=start,
        final_equity=final,
        total_return=final / start - 1.0,
        orders=counts[EventKind.ACCEPTED],
        rejected=counts[EventKind.REJECTED],
        canceled=counts[EventKind.CANCELED],
        liquidations=counts[EventKind.LIQUIDATED],
        **msgspec.structs.asdict(account),
    )


def _figures(kernel: RunningMarket, samples: npt.NDArray[np.void], number: int) -> MarketFigures:
    instrument = kernel.instruments[number]
    tick, lot = float(instrument.tick_size), float(instrument.lot_size)
    own = samples[samples["instrument"] == number]
    last = own["last_ticks"][own["last_ticks"] > 0]
    spreads = own["spread_bps"][own["spread_bps"] > 0]
    volume_lots, trades = kernel.traded(number)
    return MarketFigures(
        instrument=instrument.instrument_id,
        first=float(last[0]) * tick if len(last) else np.nan,
        last=float(last[-1]) * tick if len(last) else np.nan,
        volume=volume_lots * lot,
        trades=trades,
        mean_spread_bps=float(spreads.mean()) if len(spreads) else np.nan,
    )


def _fills(side: MarketSide) -> npt.NDArray[np.void]:
    kernel, rows = side.kernel, side.fills
    made = np.zeros(len(rows), FILL)
    if not len(rows):
        return made
    ticks = np.array([float(each.tick_size) for each in kernel.instruments])
    lots = np.array([float(each.lot_size) for each in kernel.instruments])
    for name in ("ts_ns", "trade_id", "client_order_id", "instrument"):
        made[name] = rows[name]
    made["price"] = rows["price_ticks"] * ticks[rows["instrument"]]
    made["quantity"] = rows["quantity_lots"] * lots[rows["instrument"]]
    made["fee"] = _fees_in_money(kernel, rows) / _ATOMS
    made["bot"] = rows["account"] - kernel.account_index(side.account_ids[0])
    made["side"] = rows["code"] & 1
    made["maker"] = (rows["code"] >> 1) == Liquidity.MAKER
    return made


def _fees_in_money(kernel: RunningMarket, rows: npt.NDArray[np.void]) -> npt.NDArray[np.float64]:
    """Return the fees in atoms of the settlement asset, whatever asset they were taken in."""
    fees = rows["fee_atoms"].astype(np.float64)
    for number, instrument in enumerate(kernel.instruments):
        if instrument.is_spot and instrument.fee_asset == "received":
            bought = (rows["instrument"] == number) & ((rows["code"] & 1) == Side.BUY)
            unit = instrument.atoms_per_tick_lot / instrument.base_atoms_per_lot
            fees[bought] *= rows["price_ticks"][bought] * unit
    return fees


def _market_samples(
    instrument: Instrument, samples: npt.NDArray[np.void], number: int
) -> npt.NDArray[np.void]:
    own = samples[samples["instrument"] == number]
    made = np.zeros(len(own), MARKET_SAMPLE)
    made["ts_ns"] = own["ts_ns"]
    tick, lot = float(instrument.tick_size), float(instrument.lot_size)
    for name in ("bid", "ask", "last"):
        ticks = own[f"{name}_ticks"]
        made[name] = np.where(ticks > 0, ticks * tick, np.nan)
    for name in ("volume", "bid_depth", "ask_depth"):
        made[name] = own[f"{name}_lots"] * lot
    return made
