"""What a venue must have for a command, and whether it does."""

from __future__ import annotations

from exchange_sim.model.commands import (
    AccountCommand,
    ModifyOrder,
    ReplaceOrder,
    SetLeverage,
    SetMarginMode,
    SubmitOrder,
)
from exchange_sim.model.enums import TriggerSource
from exchange_sim.ports import Capabilities


def missing_offer(
    capabilities: Capabilities, command: SubmitOrder | ModifyOrder | ReplaceOrder | AccountCommand
) -> str:
    """Return what of the command the venue does not have, in a few words; empty if it has all."""
    if isinstance(command, SubmitOrder):
        return _missing_of_order(capabilities, command)
    if isinstance(command, ReplaceOrder):
        return _missing_of_order(capabilities, command.order) if capabilities.replace else "replacing orders"
    if isinstance(command, ModifyOrder):
        return "" if capabilities.modify else "modifying orders"
    if isinstance(command, SetLeverage):
        return "" if capabilities.leverage else "choosing the leverage"
    if isinstance(command, SetMarginMode):
        offered = command.margin_mode in capabilities.margin_modes
        return "" if offered else f"margin mode {command.margin_mode.name}"
    return "" if capabilities.move_margin else "moving margin"


def _missing_of_order(capabilities: Capabilities, order: SubmitOrder) -> str:
    if order.order_type not in capabilities.order_types:
        return f"orders of type {order.order_type.name}"
    if order.time_in_force not in capabilities.times_in_force:
        return f"time in force {order.time_in_force.name}"
    needed = (
        (order.post_only, capabilities.post_only, "post-only orders"),
        (order.display_lots, capabilities.iceberg, "iceberg orders"),
        (order.reduce_only, capabilities.reduce_only, "reduce-only orders"),
        (order.close_position, capabilities.close_position, "close-position orders"),
        (order.linked_client_id, capabilities.linked, "linked orders"),
        (order.stop_loss_ticks or order.take_profit_ticks, capabilities.brackets, "brackets"),
        (_has_source(order), order.trigger_source in capabilities.trigger_sources, _source(order)),
    )
    return next((words for wanted, offered, words in needed if wanted and not offered), "")


def _has_source(order: SubmitOrder) -> bool:
    return order.order_type.waits or bool(order.stop_loss_ticks or order.take_profit_ticks)


def _source(order: SubmitOrder) -> str:
    return f"triggers by the {TriggerSource(order.trigger_source).name.lower()} price"
