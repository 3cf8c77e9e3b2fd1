"""Command objects in, event objects out."""

from __future__ import annotations

from operator import index as as_integer

from exchange_sim.engine.command_rows import pack_command
from exchange_sim.engine.managed_exchange import ManagedExchange
from exchange_sim.model.commands import (
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
from exchange_sim.model.enums import CommandKind, Reason
from exchange_sim.model.events import (
    AccountRejected,
    CancelRejected,
    ExchangeEvent,
    ModifyRejected,
    OrderRejected,
)
from exchange_sim.model.ids import ClientOrderId, InstrumentId

_SUBMIT, _CANCEL, _MODIFY = int(CommandKind.SUBMIT), int(CommandKind.CANCEL), int(CommandKind.MODIFY)
_UNKNOWN = -2

AUTOMATIC_CLIENT_IDS = 10**18
"""Client order ids above this are for orders that were placed without one."""


class CommandExchange(ManagedExchange):
    """The part of `Exchange` that knows command objects but no decimal prices; see there."""

    def submit(self, command: Command, ts_ns: int | None = None) -> list[ExchangeEvent]:
        """Execute one command and return what happened, to every account it touched, in order.

        A refusal is an event with a reason, never an exception.

        Raises
        ------
        TypeError
            A number of the command is not an integer.
        """
        if ts_ns is None:
            ts_ns = self.now_ns
        else:
            self.now_ns = ts_ns
        name = command.instrument_id
        index = -1 if name is None else self._instrument_numbers.get(name, _UNKNOWN)
        account = self._account_numbers.get(command.account_id, -1)
        if account < 0:
            return [_refusal(command, ts_ns, Reason.UNKNOWN_ACCOUNT)]
        if index == _UNKNOWN:
            return [_refusal(command, ts_ns, Reason.UNKNOWN_INSTRUMENT)]
        try:
            codes = _codes(command, account, index)
            if codes is not None:
                return self._execute(ts_ns, *codes)
            return self._execute_row(pack_command(ts_ns, account, index, command))
        except OverflowError:
            return [_refusal(command, ts_ns, Reason.INVALID_COMMAND)]

    def _client_id(self, wanted: int | None) -> ClientOrderId:
        if wanted is None:
            # Every order writes an event, so the number of events differs between any two calls. A chosen
            # id takes up to two behind it (brackets).
            return ClientOrderId(AUTOMATIC_CLIENT_IDS + self.event_count + 3)
        if wanted > AUTOMATIC_CLIENT_IDS:
            raise ValueError(
                f"client_order_id: expected at most {AUTOMATIC_CLIENT_IDS} (those above are given to orders "
                f"without one), was {wanted}"
            )
        return ClientOrderId(wanted)


def _codes(command: Command, account: int, index: int) -> tuple[int, ...] | None:
    """Return the integers of a plain command behind its time, in the order of `execute`; None for others."""
    if isinstance(command, SubmitOrder):
        if not command.is_plain:
            return None
        return (
            _SUBMIT, account, index, command.side, command.order_type, command.time_in_force,
            command.post_only, command.self_trade_prevention, as_integer(command.limit_ticks),
            as_integer(command.quantity_lots), command.client_order_id, 0,
        )  # fmt: skip
    if isinstance(command, CancelOrder):
        return _CANCEL, account, index, 0, 0, 0, 0, 0, 0, 0, command.client_order_id, 0
    if isinstance(command, ModifyOrder) and not command.trigger_ticks:
        return (
            _MODIFY, account, index, 0, 0, 0, 0, 0, as_integer(command.limit_ticks),
            as_integer(command.quantity_lots), command.client_order_id, 0,
        )  # fmt: skip
    return None


def _refusal(command: Command, ts_ns: int, reason: Reason) -> ExchangeEvent:
    """Return the refusal of a command that cannot be put to the engine."""
    name = command.instrument_id or InstrumentId("")
    if isinstance(command, CancelAll):
        return CancelRejected(command.account_id, name, ClientOrderId(0), ts_ns, ts_ns, reason)
    if isinstance(command, (SetLeverage, SetMarginMode, MoveMargin)):
        return AccountRejected(command.account_id, name, ts_ns, ts_ns, reason)
    refused: type[OrderRejected | ModifyRejected | CancelRejected] = CancelRejected
    if isinstance(command, (SubmitOrder, ReplaceOrder)):
        refused = OrderRejected
    elif isinstance(command, ModifyOrder):
        refused = ModifyRejected
    return refused(command.account_id, name, command.client_order_id, ts_ns, ts_ns, reason)
