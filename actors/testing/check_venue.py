"""The acceptance suite for venues: what the order path relies on, as numbered cards.

A venue's maker supplies a `VenueBench`: the venue with one account, a way to let time pass, and a market in
which somebody rests on both sides. Cards that need a capability the venue does not claim check that it says
so when asked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from actors.testing.cards import Card, CardFailedError, expect, run_cards
from actors.testing.heard import expect_kinds, kinds, last, only
from actors.testing.order_cards import ORDER_CARDS
from actors.testing.venue_bench import VenueBench, VenueSubject
from exchange_sim.model.commands import (
    CancelAll,
    CancelOrder,
    ModifyOrder,
)
from exchange_sim.model.enums import Side, TimeInForce
from exchange_sim.model.events import (
    CancelRejected,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderModified,
    OrderRejected,
)
from exchange_sim.ports import VenueClosedError, VenueUnsupportedError


def check_venue(name: str, make: Callable[[], VenueBench]) -> tuple[str, ...]:
    """Check a venue against the contract and return what it passed.

    `make` returns a new bench for each card.

    Raises
    ------
    CheckError
        One card or more failed; the text has a line for each.
    """
    return run_cards(name, CARDS, lambda: VenueSubject(make()))


def _instruments(subject: VenueSubject) -> None:
    listed = [each.instrument_id for each in subject.venue.instruments()]
    expect(listed, "expected instruments before connecting, was none")
    expect(len(set(listed)) == len(listed), f"expected different symbols, was {', '.join(listed)}")
    expect(
        subject.instrument.instrument_id in listed, f"expected {subject.instrument.instrument_id} among them"
    )


def _closed(subject: VenueSubject) -> None:
    for state in ("before connecting", "after closing"):
        try:
            subject.venue.send(subject.approve(subject.far()))
        except VenueClosedError:
            pass
        else:
            expect(False, f"expected VenueClosedError for a command {state}")
        subject.venue.connect()
        subject.venue.close()
        subject.venue.close()


def _rests(subject: VenueSubject) -> None:
    subject.venue.connect()
    order = subject.far()
    event = only(subject.send(order), OrderAccepted)
    expect(event.client_order_id == order.client_order_id, f"expected our id, was {event.client_order_id}")
    expect(event.order_id > 0, f"expected an order id above 0, was {event.order_id}")
    said = (event.account_id, event.instrument_id, event.side, event.limit_ticks, event.quantity_lots)
    sent = (order.account_id, order.instrument_id, order.side, order.limit_ticks, order.quantity_lots)
    expect(said == sent, f"expected the order as sent {sent}, was {said}")


def _fills(subject: VenueSubject) -> None:
    subject.venue.connect()
    lots = min(7, subject.bench.depth_lots)
    events = subject.send(subject.order(Side.BUY, lots))
    only(events[:1], OrderAccepted)
    fills = [event for event in events if isinstance(event, OrderFilled)]
    expect(len(fills) == len(events) - 1, f"expected only fills after it, was {kinds(events)}")
    expect(sum(fill.quantity_lots for fill in fills) == lots, f"expected fills of {lots} lots in all")
    leaves = lots
    for fill in fills:
        leaves -= fill.quantity_lots
        expect(fill.leaves_lots == leaves, f"expected leaves of {leaves}, was {fill.leaves_lots}")
        expect(fill.side is Side.BUY, "expected the side of our own order")
        expect(
            fill.price_ticks == subject.bench.ask_ticks,
            f"expected the ask {subject.bench.ask_ticks}, was {fill.price_ticks}",
        )
    expect(len({fill.trade_id for fill in fills}) == len(fills), "expected different trade ids")


def _cancels(subject: VenueSubject) -> None:
    subject.venue.connect()
    order = subject.far()
    subject.send(order)
    events = subject.send(CancelOrder(order.account_id, order.instrument_id, order.client_order_id))
    expect_kinds(events, OrderCanceled)
    again = subject.send(CancelOrder(order.account_id, order.instrument_id, order.client_order_id))
    expect_kinds(again, CancelRejected)


def _resends(subject: VenueSubject) -> None:
    subject.venue.connect()
    order = subject.far()
    subject.send(order)
    expect_kinds(subject.send(order), OrderRejected)
    cancel = CancelOrder(order.account_id, order.instrument_id, order.client_order_id)
    expect_kinds(subject.send(cancel), OrderCanceled)


def _modifies(subject: VenueSubject) -> None:
    if not subject.venue.capabilities.modify:
        return
    subject.venue.connect()
    order = subject.far()
    subject.send(order)
    lower = order.limit_ticks - 1
    change = ModifyOrder(order.account_id, order.instrument_id, order.client_order_id, 6, lower)
    event = only(subject.send(change), OrderModified)
    said = (event.quantity_lots, event.leaves_lots, event.limit_ticks)
    expect(said == (6, 6, lower), f"expected total, leaves and price {(6, 6, lower)}, was {said}")


def _expires(subject: VenueSubject) -> None:
    bench, known = subject.bench, subject.venue.capabilities.times_in_force
    subject.venue.connect()
    if TimeInForce.IOC in known:
        lots = bench.depth_lots + 5
        order = subject.order(Side.BUY, lots, bench.ask_ticks, time_in_force=TimeInForce.IOC)
        events = subject.send(order)
        leaves = lots - sum(event.quantity_lots for event in events if isinstance(event, OrderFilled))
        was = last(events, OrderExpired).leaves_lots
        expect(was == leaves, f"IOC: expected leaves of {leaves}, was {was}")
    if TimeInForce.FOK in known:
        lots = 10 * bench.depth_lots
        order = subject.order(Side.SELL, lots, bench.bid_ticks, time_in_force=TimeInForce.FOK)
        expect_kinds(subject.send(order), OrderRejected)


def _post_only(subject: VenueSubject) -> None:
    if not subject.venue.capabilities.post_only:
        return
    subject.venue.connect()
    ask = subject.bench.ask_ticks
    expect_kinds(subject.send(subject.order(Side.BUY, 1, ask, post_only=True)), OrderRejected)
    expect_kinds(subject.send(subject.order(Side.SELL, 1, ask, post_only=True)), OrderAccepted)


def _cancels_all(subject: VenueSubject) -> None:
    if not subject.venue.capabilities.cancel_all:
        return
    subject.venue.connect()
    orders = [subject.far() for _ in range(3)]
    for order in orders:
        subject.send(order)
    events = subject.send(CancelAll(subject.bench.account_id))
    expect_kinds(events, OrderCanceled, OrderCanceled, OrderCanceled)
    named = {event.client_order_id for event in events}
    expect(named == {order.client_order_id for order in orders}, f"expected all three orders, was {named}")
    expect_kinds(subject.send(CancelAll(subject.bench.account_id)))


def _refuses(subject: VenueSubject) -> None:
    subject.venue.connect()
    too_many = subject.instrument.maximum_order_lots + 1
    events = subject.send(subject.order(Side.BUY, too_many, subject.bench.bid_ticks))
    expect(only(events, OrderRejected).reason, "expected a reason, was NONE")


def _times(subject: VenueSubject) -> None:
    subject.venue.connect()
    subject.venue.send(subject.approve(subject.far()))
    sent_ns = subject.bench.now_ns
    early = subject.venue.events(sent_ns)
    expect(not early, "expected nothing to be received before it was sent")
    subject.bench.wait()
    subject.send(subject.order(Side.BUY, 1))
    again = subject.hear()
    expect(not again, f"expected each event once, was {kinds(again)} again")
    before = sent_ns
    for event in subject.heard:
        expect(
            event.ts_received_ns >= event.ts_exchange_ns,
            f"expected receipt at or after {event.ts_exchange_ns}, was {event.ts_received_ns}",
        )
        expect(event.ts_received_ns >= before, "expected events in order of receipt")
        expect(event.ts_received_ns < subject.bench.now_ns, "expected events not before their receipt")
        before = event.ts_received_ns


def _snapshot(subject: VenueSubject) -> None:
    subject.venue.connect()
    if not subject.venue.capabilities.snapshot:
        try:
            subject.venue.snapshot()
        except VenueUnsupportedError:
            return
        expect(False, "expected VenueUnsupportedError, the venue does not claim snapshots")
    settle = subject.instrument.settle
    before = subject.venue.snapshot()
    expect(not before.holdings and not before.orders, "expected a flat account at the start")
    lots = min(4, subject.bench.depth_lots)
    fills = [
        event for event in subject.send(subject.order(Side.SELL, lots)) if isinstance(event, OrderFilled)
    ]
    order = subject.far()
    subject.send(order)
    after = subject.venue.snapshot()
    fees = sum(fill.fee_atoms for fill in fills)
    paid = before.balances_atoms[settle] - after.balances_atoms[settle]
    expect(paid == fees, f"expected cash to fall by the fees {fees}, was {paid}")
    held = [(each.instrument_id, each.lots) for each in after.holdings]
    expect(held == [(subject.instrument.instrument_id, -lots)], f"expected {-lots} lots, was {held}")
    cost = -sum(subject.instrument.notional_atoms(fill.price_ticks, fill.quantity_lots) for fill in fills)
    expect(after.holdings[0].cost_atoms == cost, f"expected cost {cost}, was {after.holdings[0].cost_atoms}")
    resting = [(each.client_order_id, each.leaves_lots) for each in after.orders]
    expect(resting == [(order.client_order_id, order.quantity_lots)], f"expected our order, was {resting}")


def _query(subject: VenueSubject) -> None:
    subject.venue.connect()
    order = subject.far()
    if not subject.venue.capabilities.query:
        try:
            subject.open_order(order)
        except VenueUnsupportedError:
            return
        expect(False, "expected VenueUnsupportedError, the venue does not claim queries")
    expect(subject.open_order(order) is None, "expected None for an order that was never sent")
    subject.send(order)
    found = subject.open_order(order)
    if found is None:
        raise CardFailedError("expected the resting order, was None")
    said = (found.instrument_id, found.side, found.limit_ticks, found.quantity_lots, found.leaves_lots)
    sent = (order.instrument_id, order.side, order.limit_ticks, order.quantity_lots, order.quantity_lots)
    expect(said == sent, f"expected {sent}, was {said}")
    subject.send(CancelOrder(order.account_id, order.instrument_id, order.client_order_id))
    expect(subject.open_order(order) is None, "expected None for a canceled order")


def _status(subject: VenueSubject) -> None:
    subject.venue.connect()
    order = subject.far()
    if not subject.venue.capabilities.status:
        try:
            subject.venue.ask([order.client_order_id], subject.bench.now_ns)
        except VenueUnsupportedError:
            return
        expect(False, "expected VenueUnsupportedError, the venue does not claim to answer questions")
    subject.venue.send(subject.approve(order))
    subject.venue.ask([order.client_order_id], subject.bench.now_ns)
    subject.bench.wait()
    event = only(subject.hear(), OrderAccepted)
    expect(len(subject.reports) == 1, f"expected one answer, was {len(subject.reports)}")
    report = subject.reports[0]
    expect(report.client_order_id == order.client_order_id, f"expected our id, was {report.client_order_id}")
    expect(
        event.ts_received_ns <= report.ts_received_ns,
        "expected the answer behind what had happened to the order before",
    )


CARDS: Sequence[Card[VenueSubject]] = (
    Card("V01", "instruments are listed before connecting", _instruments),
    Card("V02", "a closed connection refuses commands; closing twice is no error", _closed),
    Card("V03", "a limit order away from the market is accepted as sent", _rests),
    Card("V04", "a market order fills at the best price, leaves count down", _fills),
    Card("V05", "a cancel ends an order once", _cancels),
    Card("V06", "a resend under the same id is refused and does no harm", _resends),
    Card("V07", "a modification sets total and price", _modifies),
    Card("V08", "IOC expires its rest, FOK fills whole or not at all", _expires),
    Card("V09", "post-only never takes", _post_only),
    Card("V10", "cancel-all ends every order, and is quiet without any", _cancels_all),
    Card("V11", "a refusal has a reason", _refuses),
    Card("V12", "events come once, in order, and not before their time", _times),
    Card("V13", "a snapshot shows cash, positions and orders", _snapshot),
    Card("V14", "a query by client id finds what is open, and only that", _query),
    *ORDER_CARDS,
    Card("V23", "a question about an order is answered behind what happened before", _status),
)
