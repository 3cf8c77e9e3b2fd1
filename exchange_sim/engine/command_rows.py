"""From command objects to COMMAND rows."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from operator import index as as_integer

from exchange_sim.model.commands import (
    CancelAll,
    CancelOrder,
    Command,
    ModifyOrder,
    MoveMargin,
    ReplaceOrder,
    SetLeverage,
    SubmitOrder,
)
from exchange_sim.model.enums import CommandKind

PLAIN_ROW = struct.Struct("<5qih6Biq64x")
"""A COMMAND row without terms: ts, client id, order id, price, quantity, account, instrument, kind, side,
type, time in force, post-only, self-trade prevention, link, and 0."""

_ROW = struct.Struct("<5qih6Biq7q3B5x")
_SUBMIT, _CANCEL, _CANCEL_ALL = int(CommandKind.SUBMIT), int(CommandKind.CANCEL), int(CommandKind.CANCEL_ALL)
_MODIFY, _REPLACE = int(CommandKind.MODIFY), int(CommandKind.REPLACE)
_SET_LEVERAGE, _SET_MARGIN_MODE = int(CommandKind.SET_LEVERAGE), int(CommandKind.SET_MARGIN_MODE)
_MOVE_MARGIN = int(CommandKind.MOVE_MARGIN)


def plain_row(fields: Sequence[int]) -> bytes:
    """Return the COMMAND row of the integers that `Exchange.execute` takes.

    Raises
    ------
    OverflowError
        A number does not fit its field.
    """
    ts_ns, kind, account, index, side, order_type, in_force, post_only, stp, price, lots, client, order = (
        fields
    )
    try:
        return PLAIN_ROW.pack(
            ts_ns, client, order, price, lots, account, index, kind, side, order_type, in_force, post_only,
            stp, 0, 0,
        )  # fmt: skip
    except struct.error as error:
        raise OverflowError(str(error)) from error


def pack_command(ts_ns: int, account: int, index: int, command: Command) -> bytes:
    """Return the COMMAND row of a command that arrives at `ts_ns`.

    Raises
    ------
    TypeError
        A number of the command is not an integer.
    OverflowError
        A number does not fit its field.
    """
    try:
        return _pack(ts_ns, account, index, command)
    except struct.error as error:
        raise OverflowError(str(error)) from error


def _pack(ts_ns: int, account: int, index: int, command: Command) -> bytes:
    if isinstance(command, SubmitOrder):
        return _submit(ts_ns, account, index, _SUBMIT, command, 0)
    if isinstance(command, ReplaceOrder):
        return _submit(ts_ns, account, index, _REPLACE, command.order, command.replaced_client_id)
    if isinstance(command, ModifyOrder):
        limit, quantity = as_integer(command.limit_ticks), as_integer(command.quantity_lots)
        head = (ts_ns, command.client_order_id, 0, limit, quantity, account, index, _MODIFY)
        if not command.trigger_ticks:
            return PLAIN_ROW.pack(*head, 0, 0, 0, 0, 0, 0, 0)
        return _ROW.pack(*head, 0, 0, 0, 0, 0, 0, 1, command.trigger_ticks, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    quantity, client_order_id = 0, 0
    if isinstance(command, CancelOrder):
        kind, client_order_id = _CANCEL, command.client_order_id
    elif isinstance(command, CancelAll):
        kind = _CANCEL_ALL
    elif isinstance(command, SetLeverage):
        kind, quantity = _SET_LEVERAGE, as_integer(command.leverage)
    elif isinstance(command, MoveMargin):
        kind, quantity = _MOVE_MARGIN, as_integer(command.atoms)
    else:
        kind, quantity = _SET_MARGIN_MODE, as_integer(command.margin_mode)
    return PLAIN_ROW.pack(ts_ns, client_order_id, 0, 0, quantity, account, index, kind, 0, 0, 0, 0, 0, 0, 0)


def _submit(ts_ns: int, account: int, index: int, kind: int, order: SubmitOrder, replaced: int) -> bytes:
    head = (
        ts_ns, order.client_order_id, 0, as_integer(order.limit_ticks), as_integer(order.quantity_lots),
        account, index, kind, order.side, order.order_type, order.time_in_force, order.post_only,
        order.self_trade_prevention, 0,
    )  # fmt: skip
    if order.is_plain and not replaced:
        return PLAIN_ROW.pack(*head, 0)
    return _ROW.pack(
        *head, 1, as_integer(order.trigger_ticks), as_integer(order.display_lots),
        as_integer(order.expire_ns), as_integer(order.trail_ticks), as_integer(order.stop_loss_ticks),
        as_integer(order.take_profit_ticks),
        replaced or order.linked_client_id, order.trigger_source, order.reduce_only, order.close_position,
    )  # fmt: skip
