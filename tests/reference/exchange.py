"""The exchange's slow twin: lists, loops and Python integers, written to be obviously right.

It knows the rules (docs/exchange.md) and nothing of the engine's memory: no ladder, no slots, no heaps, no
64-bit bounds except where a rule states one. Orders are named by their sequence number, which is the
engine's order id without its lower 24 bits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from exchange_sim.model.enums import CommandKind, EventKind, Reason
from exchange_sim.model.instrument import Instrument
from exchange_sim.model.rules import ExchangeRules
from tests.reference import links, liquidation, operating, orders, triggers
from tests.reference.records import Command, Event
from tests.reference.venue import Venue

__all__ = ["Command", "Event", "ReferenceExchange"]

_EXECUTE: dict[int, Callable[[Venue, Command], None]] = {
    CommandKind.SUBMIT: orders.submit,
    CommandKind.CANCEL: orders.cancel,
    CommandKind.CANCEL_ALL: orders.cancel_all,
    CommandKind.MODIFY: orders.modify,
    CommandKind.REPLACE: orders.replace,
    CommandKind.DEPOSIT: operating.deposit,
    CommandKind.WITHDRAW: operating.withdraw,
    CommandKind.FEED_INSURANCE: operating.feed_insurance,
    CommandKind.SET_MARK: operating.set_mark,
    CommandKind.SET_INDEX: operating.set_index,
    CommandKind.SET_STATE: operating.set_state,
    CommandKind.FUND: operating.fund,
    CommandKind.SET_LEVERAGE: operating.set_leverage,
    CommandKind.SET_MARGIN_MODE: operating.set_margin_mode,
    CommandKind.MOVE_MARGIN: operating.move_margin,
}


class ReferenceExchange(Venue):
    """Executes commands one at a time."""

    def __init__(
        self,
        instruments: Sequence[Instrument],
        accounts: int,
        rules: ExchangeRules = ExchangeRules(),  # noqa: B008 - immutable
    ) -> None:
        super().__init__(instruments, accounts, rules)

    def apply(self, command: Command) -> list[Event]:
        """Execute one command and return its events."""
        self.events = []
        self.expire(command.ts)
        self.now = command.ts
        execute = _EXECUTE.get(command.kind)
        if execute is not None:
            execute(self, command)
        elif command.kind != CommandKind.ADVANCE:
            self.refuse(command, EventKind.REJECTED, Reason.INVALID_COMMAND)
        while triggers.fire_next(self) or liquidation.liquidate_next(self):
            pass
        return self.events

    def expire(self, now: int) -> None:
        """End the orders whose time is over, each at its own time."""
        due = [order for order in self.expiring.values() if order.expire <= now]
        for order in sorted(due, key=lambda order: (order.expire, order.sequence)):
            if order.sequence in self.entered:
                self.now = order.expire
                links.end(self, order, EventKind.EXPIRED, Reason.GTD_EXPIRED)
