"""Whether a command from outside can be one of its account at all, before it comes near the market."""

from __future__ import annotations

from collections.abc import Collection

from exchange_sim.model.commands import CancelAll, Command, ReplaceOrder, SubmitOrder
from exchange_sim.model.ids import ClientOrderId, InstrumentId

_NUMBER_MAXIMUM = 2**62
"""Numbers beyond fit no row of the exchange."""


def complaint(
    command: Command, account: str, instruments: Collection[InstrumentId], next_client_order_id: int
) -> str:
    """Return what is wrong with a command; empty for nothing.

    Parameters
    ----------
    command
        From outside.
    account, instruments
        Whose it must be, and what that trades.
    next_client_order_id
        Smallest id that a new order may have.
    """
    order = command.order if isinstance(command, ReplaceOrder) else command
    problem = _misfit(command, account, instruments) or _misfit(order, account, instruments)
    if problem or not isinstance(order, SubmitOrder):
        return problem
    if command.instrument_id != order.instrument_id:
        return f"order.instrument_id: expected {command.instrument_id!r}, was {order.instrument_id!r}"
    if order.client_order_id < next_client_order_id:
        return f"client_order_id: expected {next_client_order_id} or more, was {order.client_order_id}"
    return ""


def client_order_id_of(command: Command) -> ClientOrderId:
    """Return the client order id that a command names, 0 for none."""
    return ClientOrderId(0) if not hasattr(command, "client_order_id") else command.client_order_id


def next_client_order_id(command: Command, so_far: int) -> int:
    """Return the smallest id that a new order may have after a command; a bracket takes three."""
    order = command.order if isinstance(command, ReplaceOrder) else command
    if not isinstance(order, SubmitOrder):
        return so_far
    return order.client_order_id + (3 if order.stop_loss_ticks or order.take_profit_ticks else 1)


def _misfit(part: Command, account: str, instruments: Collection[InstrumentId]) -> str:
    if part.account_id != account:
        return f"account_id: expected {account!r}, was {part.account_id!r}"
    for name in part.__struct_fields__:
        value = getattr(part, name)
        if isinstance(value, int) and abs(value) > _NUMBER_MAXIMUM:
            return f"{name}: expected at most {_NUMBER_MAXIMUM} in size, was {value}"
    instrument = part.instrument_id
    if instrument not in instruments and not (instrument is None and isinstance(part, CancelAll)):
        return f"instrument_id: expected one of {', '.join(sorted(instruments))}, was {instrument!r}"
    return ""
