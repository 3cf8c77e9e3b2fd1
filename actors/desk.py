"""How a strategy's wishes become commands: through the gate, into the tracker, into the outbox."""

from __future__ import annotations

from operator import index

from actors.faults import OutboxFullError
from actors.gate import RiskApproved, RiskGate
from actors.tracker import OrderTracker
from exchange_sim.model.commands import (
    AccountCommand,
    CancelAll,
    CancelOrder,
    Command,
    ModifyOrder,
    MoveMargin,
    ReplaceOrder,
    SetLeverage,
    SetMarginMode,
    SubmitOrder,
)
from exchange_sim.model.enums import Reason
from exchange_sim.model.events import AccountRejected, ModifyRejected, OrderDenied
from exchange_sim.model.ids import AccountId, ClientOrderId, InstrumentId

Denial = OrderDenied | ModifyRejected | AccountRejected
"""What an account hears of a command that its own risk gate refused."""


class OrderDesk:
    """The way out of one account.

    A command is checked and tracked at once, so that what a strategy asks next already counts it, and waits
    in the outbox until the handler returns. What is denied never leaves: the denial waits in `denials`.

    Parameters
    ----------
    account_id
        Whose commands these are.
    gate, tracker
        The account's.
    outbox_limit
        Commands, denied ones included, that may gather before the outbox is emptied.
    """

    __slots__ = (
        "_account_id",
        "_gate",
        "_limit",
        "_next_client_order_id",
        "_tracker",
        "denials",
        "outbox",
        "submitted",
    )

    def __init__(
        self, account_id: AccountId, gate: RiskGate, tracker: OrderTracker, *, outbox_limit: int
    ) -> None:
        self._account_id = account_id
        self._gate = gate
        self._tracker = tracker
        self._limit = outbox_limit
        self._next_client_order_id = 1
        self.submitted = 0
        self.outbox: list[RiskApproved[Command]] = []
        self.denials: list[Denial] = []

    def new_client_order_id(self, count: int = 1) -> ClientOrderId:
        """Return the first of `count` consecutive ids that no order of this account has had."""
        client_order_id = self._next_client_order_id
        self._next_client_order_id += count
        return ClientOrderId(client_order_id)

    @property
    def next_client_order_id(self) -> int:
        """Smallest id that no order of this account has had."""
        return self._next_client_order_id

    def enter(self, now_ns: int, command: Command) -> None:
        """Send a command that was made elsewhere; a new order's client order id is at least the next.

        Raises
        ------
        ValueError, OutboxFullError
            As by `submit`.
        """
        order = command.order if isinstance(command, ReplaceOrder) else command
        if isinstance(order, SubmitOrder):
            exits = 2 if order.stop_loss_ticks or order.take_profit_ticks else 0
            self._next_client_order_id = order.client_order_id + exits + 1
        if isinstance(command, SubmitOrder):
            self.submit(now_ns, command)
        elif isinstance(command, ReplaceOrder):
            self.replace(now_ns, command)
        elif isinstance(command, ModifyOrder):
            number, lots, limit = command.client_order_id, command.quantity_lots, command.limit_ticks
            self.modify(now_ns, number, lots, limit, command.trigger_ticks)
        elif isinstance(command, CancelOrder):
            self.cancel(now_ns, command.client_order_id)
        elif isinstance(command, CancelAll):
            self.cancel_all(now_ns, command.instrument_id)
        else:
            self.account(now_ns, command)

    def submit(self, now_ns: int, command: SubmitOrder) -> None:
        """Send an order.

        Raises
        ------
        ValueError
            The account does not trade the instrument.
        OutboxFullError
            The outbox is full.
        """
        instrument_id = command.instrument_id
        if instrument_id not in self._tracker.totals:
            raise self._unknown(instrument_id)
        self.submitted += 1
        verdict = self._gate.submit(command, now_ns)
        self._tracker.submit(command)
        if isinstance(verdict, RiskApproved):
            self.outbox.append(verdict)
        else:
            self._deny(now_ns, instrument_id, command.client_order_id, verdict, self._gate.missing(command))
        self._check_room()

    def replace(self, now_ns: int, command: ReplaceOrder) -> None:
        """Send an order that takes another's place; if that is finished or unknown it is denied."""
        order = command.order
        self.submitted += 1
        replaced = self._tracker.open.get(command.replaced_client_id)
        if replaced is None:
            self._tracker.submit(order)
            self._deny(now_ns, order.instrument_id, order.client_order_id, Reason.RISK_UNKNOWN_ORDER)
        else:
            verdict = self._gate.replace(command, replaced, now_ns)
            self._tracker.replace(command)
            if isinstance(verdict, RiskApproved):
                self.outbox.append(verdict)
            else:
                missing = self._gate.missing(command)
                self._deny(now_ns, order.instrument_id, order.client_order_id, verdict, missing)
        self._check_room()

    def account(self, now_ns: int, command: AccountCommand) -> None:
        """Send a command about the account's margin.

        Raises
        ------
        ValueError
            The account does not trade the instrument.
        """
        instrument_id = command.instrument_id
        if instrument_id not in self._tracker.totals:
            raise self._unknown(instrument_id)
        verdict = self._gate.account(command, now_ns)
        if isinstance(verdict, RiskApproved):
            self.outbox.append(verdict)
        else:
            self.denials.append(AccountRejected(self._account_id, instrument_id, now_ns, now_ns, verdict))
        self._check_room()

    def modify(
        self,
        now_ns: int,
        client_order_id: ClientOrderId,
        quantity_lots: int | None,
        limit_ticks: int | None,
        trigger_ticks: int | None = None,
    ) -> None:
        """Send a modification; of an order that is finished or unknown it is denied."""
        order = self._tracker.open.get(client_order_id)
        if order is None:
            known = self._tracker.orders.get(client_order_id)
            instrument_id = InstrumentId("") if known is None else known.instrument_id
            self._deny_change(now_ns, instrument_id, client_order_id, Reason.RISK_UNKNOWN_ORDER)
            return
        command = ModifyOrder(
            self._account_id,
            order.instrument_id,
            client_order_id,
            order.quantity_lots if quantity_lots is None else index(quantity_lots),
            order.limit_ticks if limit_ticks is None else index(limit_ticks),
            0 if trigger_ticks is None else index(trigger_ticks),
        )
        verdict = self._gate.modify(command, order, now_ns)
        if isinstance(verdict, RiskApproved):
            self._tracker.modify(order, command.trigger_ticks)
            self.outbox.append(verdict)
            self._check_room()
        else:
            self._deny_change(now_ns, order.instrument_id, client_order_id, verdict)

    def cancel(self, now_ns: int, client_order_id: ClientOrderId) -> None:
        """Send a cancel of an open order that is not being canceled yet; else do nothing."""
        order = self._tracker.open.get(client_order_id)
        if order is None or order.canceling:
            return
        command = CancelOrder(self._account_id, order.instrument_id, client_order_id)
        self._tracker.cancel(order)
        self.outbox.append(self._gate.cancel(command, now_ns))
        self._check_room()

    def cancel_all(self, now_ns: int, instrument_id: InstrumentId | None) -> None:
        """Send a cancel of all orders.

        Raises
        ------
        ValueError
            The account does not trade the instrument.
        """
        if instrument_id is not None and instrument_id not in self._tracker.totals:
            raise self._unknown(instrument_id)
        self._tracker.cancel_all(instrument_id)
        self.outbox.append(self._gate.cancel_all(CancelAll(self._account_id, instrument_id), now_ns))
        self._check_room()

    def drop(self, now_ns: int) -> list[Denial]:
        """Empty the outbox unsent; return the denials of what was in it, as in the books."""
        for approved in self.outbox:
            command = approved.command
            order = command.order if isinstance(command, ReplaceOrder) else command
            if isinstance(order, SubmitOrder):
                self._deny(now_ns, order.instrument_id, order.client_order_id, Reason.RISK_HALTED)
            elif isinstance(order, SetLeverage | SetMarginMode | MoveMargin):
                self.denials.append(
                    AccountRejected(self._account_id, order.instrument_id, now_ns, now_ns, Reason.RISK_HALTED)
                )
        dropped = list(self.denials)
        self.outbox.clear()
        self.denials.clear()
        return dropped

    def _deny(
        self,
        now_ns: int,
        instrument_id: InstrumentId,
        client_order_id: ClientOrderId,
        reason: Reason,
        missing: str = "",
    ) -> None:
        """Note that a new order does not leave; `missing` is what the venue does not have for it."""
        text = f"the venue does not offer {missing}" if missing else ""
        denial = OrderDenied(self._account_id, instrument_id, client_order_id, now_ns, now_ns, reason, text)
        self._tracker.handle(denial)
        self.denials.append(denial)

    def _deny_change(
        self, now_ns: int, instrument_id: InstrumentId, client_order_id: ClientOrderId, reason: Reason
    ) -> None:
        self.denials.append(
            ModifyRejected(self._account_id, instrument_id, client_order_id, now_ns, now_ns, reason)
        )
        self._check_room()

    def _check_room(self) -> None:
        if len(self.outbox) + len(self.denials) > self._limit:
            raise OutboxFullError(f"sent more than {self._limit} commands in one handler")

    def _unknown(self, instrument_id: InstrumentId) -> ValueError:
        names = ", ".join(self._tracker.totals)
        return ValueError(f"instrument_id: expected one of {names}, was {instrument_id!r}")
