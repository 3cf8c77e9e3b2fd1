"""What a venue is checked on, and short words for what the cards do with it."""

from __future__ import annotations

from typing import Protocol

from actors.gate import RiskApproved, RiskGate
from actors.portfolio import Portfolio
from actors.risk import RiskLimits
from actors.testing.cards import CardFailedError
from actors.tracker import OrderTracker, TrackedOrder
from exchange_sim.model.commands import (
    AccountCommand,
    CancelAll,
    CancelOrder,
    Command,
    ReplaceOrder,
    SubmitOrder,
)
from exchange_sim.model.enums import OrderType, Reason, Side, TimeInForce
from exchange_sim.model.events import AccountEvent, OrderEvent, StatusReported
from exchange_sim.model.ids import AccountId, ClientOrderId
from exchange_sim.model.instrument import Instrument
from exchange_sim.model.market import MarketData
from exchange_sim.ports import OpenOrder, Venue


class VenueBench(Protocol):
    """A venue to be checked, not yet connected, with one account that has cash and no orders.

    In `instrument` others rest at least `depth_lots` at `bid_ticks` and at `ask_ticks`, and at no
    better price; nobody else trades.
    """

    @property
    def venue(self) -> Venue[RiskApproved[Command]]: ...
    @property
    def account_id(self) -> AccountId: ...
    @property
    def instrument(self) -> Instrument: ...
    @property
    def bid_ticks(self) -> int: ...
    @property
    def ask_ticks(self) -> int: ...
    @property
    def depth_lots(self) -> int: ...
    @property
    def now_ns(self) -> int: ...
    def wait(self) -> None:
        """Let so much time pass that a command sent before has been answered."""


class VenueSubject:
    """A bench with the shortest words for what the cards do."""

    def __init__(self, bench: VenueBench) -> None:
        self.bench = bench
        self.venue = bench.venue
        self.instrument = bench.instrument
        self.heard: list[OrderEvent] = []
        self.news: list[AccountEvent] = []
        self.reports: list[StatusReported] = []
        """What happened to the account without an order of its own."""
        portfolio = Portfolio([bench.instrument], {}, lambda _: 0)
        tracker = OrderTracker([bench.instrument.instrument_id])
        self._gate = RiskGate(RiskLimits(), portfolio, tracker)
        self._number = 0

    def order(
        self,
        side: Side,
        lots: int,
        price: int = 0,
        *,
        time_in_force: TimeInForce = TimeInForce.GTC,
        post_only: bool = False,
        number: int = 0,
    ) -> SubmitOrder:
        """Return a new order; at the market without a price."""
        self._number = number or self._number + 1
        kind = OrderType.LIMIT if price else OrderType.MARKET
        if kind is OrderType.MARKET:
            time_in_force = TimeInForce.IOC
        return SubmitOrder(
            self.bench.account_id,
            self.instrument.instrument_id,
            ClientOrderId(self._number),
            side,
            kind,
            time_in_force,
            lots,
            price,
            post_only,
        )

    def far(self, lots: int = 10) -> SubmitOrder:
        """Return an order to buy that rests well behind the best bid."""
        return self.order(Side.BUY, lots, self.bench.bid_ticks * 99 // 100)

    def approve(self, command: Command) -> RiskApproved[Command]:
        """Return the command as the gate lets it through."""
        now_ns = self.bench.now_ns
        if isinstance(command, CancelOrder):
            return self._gate.cancel(command, now_ns)
        if isinstance(command, CancelAll):
            return self._gate.cancel_all(command, now_ns)
        verdict: RiskApproved[Command] | Reason
        if isinstance(command, SubmitOrder):
            verdict = self._gate.submit(command, now_ns)
        elif isinstance(command, AccountCommand):
            verdict = self._gate.account(command, now_ns)
        else:
            open_order = TrackedOrder(self.far())
            if isinstance(command, ReplaceOrder):
                verdict = self._gate.replace(command, open_order, now_ns)
            else:
                verdict = self._gate.modify(command, open_order, now_ns)
        if isinstance(verdict, Reason):
            raise CardFailedError(f"the card's own command is refused by the gate: {verdict.name}")
        return verdict

    def send(self, command: Command) -> list[OrderEvent]:
        """Send, wait, and return what was heard."""
        self.venue.send(self.approve(command))
        self.bench.wait()
        return self.hear()

    def hear(self) -> list[OrderEvent]:
        """Return the order events received by now."""
        news: list[OrderEvent] = []
        for event in self.venue.events(self.bench.now_ns):
            if isinstance(event, AccountEvent):
                self.news.append(event)
            elif isinstance(event, StatusReported):
                self.reports.append(event)
            elif not isinstance(event, MarketData):
                news.append(event)
        self.heard += news
        return news

    def open_order(self, command: SubmitOrder) -> OpenOrder | None:
        """Return the order as the venue has it."""
        return self.venue.query(command.client_order_id)
