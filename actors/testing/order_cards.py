"""Acceptance cards about what only some venues have: triggers, links, brackets, margin."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from actors.testing.cards import Card, expect
from actors.testing.heard import expect_kinds, only
from actors.testing.venue_bench import VenueSubject
from exchange_sim.model.commands import (
    CancelOrder,
    MoveMargin,
    ReplaceOrder,
    SetLeverage,
    SetMarginMode,
    SubmitOrder,
)
from exchange_sim.model.enums import MarginMode, OrderType, Side, TimeInForce, TriggerSource
from exchange_sim.model.events import (
    AccountRejected,
    LeverageSet,
    MarginModeSet,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderTriggered,
)
from exchange_sim.model.ids import ClientOrderId

_SOON_NS = 1_000_000_000
"""How far ahead the end of an order is set."""


def _move_last(subject: VenueSubject, side: Side) -> None:
    """Trade one lot, so that the last price is the best ask (a buy) or bid."""
    subject.send(subject.order(side, 1))


def _stop(subject: VenueSubject, trigger_ticks: int) -> SubmitOrder:
    """Return a stop that sells one lot."""
    return msgspec.structs.replace(
        subject.order(Side.SELL, 1),
        order_type=OrderType.STOP_MARKET,
        time_in_force=TimeInForce.GTC,
        trigger_ticks=trigger_ticks,
    )


def _waits(subject: VenueSubject) -> None:
    if not _triggers(subject):
        return
    subject.venue.connect()
    _move_last(subject, Side.BUY)
    order = _stop(subject, subject.bench.bid_ticks)
    expect_kinds(subject.send(order), OrderAccepted)
    cancel = CancelOrder(order.account_id, order.instrument_id, order.client_order_id)
    expect_kinds(subject.send(cancel), OrderCanceled)
    _move_last(subject, Side.SELL)
    wrong = _stop(subject, subject.bench.ask_ticks)
    expect_kinds(subject.send(wrong), OrderRejected)


def _fires(subject: VenueSubject) -> None:
    if not _triggers(subject):
        return
    subject.venue.connect()
    _move_last(subject, Side.BUY)
    order = _stop(subject, subject.bench.bid_ticks)
    subject.send(order)
    others = subject.send(subject.order(Side.SELL, 1))
    events = [event for event in others if event.client_order_id == order.client_order_id]
    expect_kinds(events, OrderTriggered, OrderFilled)
    sent = subject.bench.bid_ticks
    said = only(events[:1], OrderTriggered).trigger_ticks
    expect(said == sent, f"expected the trigger {sent}, was {said}")


def _triggers(subject: VenueSubject) -> bool:
    offered = subject.venue.capabilities
    return OrderType.STOP_MARKET in offered.order_types and TriggerSource.LAST in offered.trigger_sources


def _reduces(subject: VenueSubject) -> None:
    offered = subject.venue.capabilities
    subject.venue.connect()
    if offered.reduce_only:
        order = msgspec.structs.replace(subject.order(Side.SELL, 1), reduce_only=True)
        expect_kinds(subject.send(order), OrderRejected)
    if offered.close_position:
        subject.send(subject.order(Side.BUY, 3))
        close = msgspec.structs.replace(subject.order(Side.SELL, 1), quantity_lots=0, close_position=True)
        events = subject.send(close)
        closed = sum(event.quantity_lots for event in events if isinstance(event, OrderFilled))
        expect(closed == 3, f"expected the whole position of 3 lots to be closed, was {closed}")


def _links(subject: VenueSubject) -> None:
    if not subject.venue.capabilities.linked:
        return
    subject.venue.connect()
    first = subject.far()
    subject.send(first)
    second = msgspec.structs.replace(
        subject.far(), limit_ticks=first.limit_ticks - 1, linked_client_id=first.client_order_id
    )
    expect_kinds(subject.send(second), OrderAccepted)
    cancel = CancelOrder(first.account_id, first.instrument_id, first.client_order_id)
    events = subject.send(cancel)
    ended = [event.client_order_id for event in events if isinstance(event, OrderCanceled)]
    both = [first.client_order_id, second.client_order_id]
    expect(ended == both, f"expected both orders to end, the named one first, was {ended}")


def _brackets(subject: VenueSubject) -> None:
    if not subject.venue.capabilities.brackets:
        return
    subject.venue.connect()
    bid, ask = subject.bench.bid_ticks, subject.bench.ask_ticks
    entry = msgspec.structs.replace(
        subject.order(Side.BUY, 2), stop_loss_ticks=bid * 9 // 10, take_profit_ticks=ask * 11 // 10
    )
    events = subject.send(entry)
    ids = [event.client_order_id for event in events if isinstance(event, OrderAccepted)]
    wanted = [entry.client_order_id + offset for offset in range(3)]
    expect(ids == wanted, f"expected entry, stop and target under the ids {wanted}, was {ids}")
    stop = CancelOrder(entry.account_id, entry.instrument_id, ClientOrderId(entry.client_order_id + 1))
    ended = [event.client_order_id for event in subject.send(stop) if isinstance(event, OrderCanceled)]
    expect(ended == wanted[1:], f"expected the stop to end and the target with it, was {ended}")


def _replaces(subject: VenueSubject) -> None:
    if not subject.venue.capabilities.replace:
        return
    subject.venue.connect()
    first = subject.far()
    subject.send(first)
    second = subject.far(5)
    command = ReplaceOrder(first.account_id, first.instrument_id, first.client_order_id, second)
    expect_kinds(subject.send(command), OrderCanceled, OrderAccepted)
    third = msgspec.structs.replace(command, order=subject.far(5))
    expect_kinds(subject.send(third), OrderRejected)


def _ends_in_time(subject: VenueSubject) -> None:
    if TimeInForce.GTD not in subject.venue.capabilities.times_in_force:
        return
    subject.venue.connect()
    order = msgspec.structs.replace(
        subject.far(), time_in_force=TimeInForce.GTD, expire_ns=subject.bench.now_ns + _SOON_NS
    )
    events = list(subject.send(order))
    while len(events) < 2 and subject.bench.now_ns <= order.expire_ns + _SOON_NS:
        subject.bench.wait()
        events += subject.hear()
    expect_kinds(events, OrderAccepted, OrderExpired)
    ended_ns = events[-1].ts_exchange_ns
    expect(ended_ns >= order.expire_ns, f"expected its end at {order.expire_ns} or later, was {ended_ns}")


def _margin(subject: VenueSubject) -> None:
    offered = subject.venue.capabilities
    subject.venue.connect()
    account, name = subject.bench.account_id, subject.instrument.instrument_id
    if offered.leverage:
        subject.send(SetLeverage(account, name, 2))
        expect(
            [(type(event), getattr(event, "leverage", 0)) for event in subject.news] == [(LeverageSet, 2)],
            f"expected LeverageSet of 2, was {subject.news}",
        )
    if MarginMode.ISOLATED in offered.margin_modes:
        subject.send(SetMarginMode(account, name, MarginMode.ISOLATED))
        expect(isinstance(subject.news[-1], MarginModeSet), f"expected MarginModeSet, was {subject.news[-1]}")
    if offered.move_margin:
        subject.send(MoveMargin(account, name, 1))
        expect(
            isinstance(subject.news[-1], AccountRejected),
            f"expected AccountRejected without a position, was {subject.news[-1]}",
        )


ORDER_CARDS: Sequence[Card[VenueSubject]] = (
    Card("V15", "an order waits for its trigger, ends on request, and may not fire at once", _waits),
    Card("V16", "an order fires when its trigger is reached", _fires),
    Card("V17", "reduce-only opens nothing, close-position closes everything", _reduces),
    Card("V18", "the end of one order ends those linked to it", _links),
    Card("V19", "a bracket brings its exits under the ids behind its own", _brackets),
    Card("V20", "a replacement ends one order and places another, or does neither", _replaces),
    Card("V21", "an order with an end expires then", _ends_in_time),
    Card("V22", "leverage and margin are answered as account events", _margin),
)
