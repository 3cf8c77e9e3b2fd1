"""Trades as pairs: who took and who made, from the fills of an exchange's events."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from exchange_sim.model.enums import Liquidity, Side
from exchange_sim.model.events import ExchangeEvent, OrderFilled
from exchange_sim.model.ids import AccountId, ClientOrderId, InstrumentId, OrderId, TradeId


class TradeParty(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One side of a trade: whose order, under both its ids, and what is left of it."""

    account_id: AccountId
    client_order_id: ClientOrderId
    order_id: OrderId
    leaves_lots: int
    fee_atoms: int


class MatchedTrade(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One trade. `aggressor` is the taker's side; the price is that of the maker's order."""

    trade_id: TradeId
    instrument_id: InstrumentId
    ts_exchange_ns: int
    price_ticks: int
    quantity_lots: int
    aggressor: Side
    taker: TradeParty
    maker: TradeParty


def trades_of(events: Iterable[ExchangeEvent]) -> list[MatchedTrade]:
    """Return the trades in a list of events, in the order in which they happened.

    `events` are those of whole commands, as `Exchange.submit` returns them: a taker's fill is directly
    followed by the maker's.
    """
    made = []
    taker: OrderFilled | None = None
    for event in events:
        if not isinstance(event, OrderFilled):
            continue
        if event.liquidity is Liquidity.TAKER:
            taker = event
        elif taker is not None:
            made.append(
                MatchedTrade(
                    taker.trade_id, taker.instrument_id, taker.ts_exchange_ns, taker.price_ticks,
                    taker.quantity_lots, taker.side, _party(taker), _party(event),
                )
            )  # fmt: skip
            taker = None
    return made


def _party(fill: OrderFilled) -> TradeParty:
    return TradeParty(fill.account_id, fill.client_order_id, fill.order_id, fill.leaves_lots, fill.fee_atoms)
