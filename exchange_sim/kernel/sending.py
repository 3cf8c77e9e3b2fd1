"""How an agent's commands come to the exchange: written into a chain, sent together, arriving together."""

from __future__ import annotations

from typing import Any

from exchange_sim.compiled import compiled
from exchange_sim.engine.pointers import command_at, load, store
from exchange_sim.kernel.heap import key_of, push
from exchange_sim.kernel.tables import RANK_COMMAND
from exchange_sim.model.enums import CommandKind, OrderType, SelfTradePrevention, TimeInForce

_SUBMIT = int(CommandKind.SUBMIT)
_CANCEL = int(CommandKind.CANCEL)
_MODIFY = int(CommandKind.MODIFY)
_LIMIT = int(OrderType.LIMIT)
_CANCEL_OLDEST = int(SelfTradePrevention.CANCEL_OLDEST)
GTC = int(TimeInForce.GTC)
IOC = int(TimeInForce.IOC)


@compiled
def new_command(k: Any, kind: int, account: int, instrument: int) -> Any:
    """Append an empty command to the chain of the action under way and return its row."""
    slot = k.free_pending
    row = command_at(k.pending, slot)
    k.free_pending = row.link
    k.free_pendings -= 1
    if k.chain_first < 0:
        k.chain_first = slot
    else:
        command_at(k.pending, k.chain_last).link = slot
    k.chain_last = slot
    row.link = -1
    row.kind = kind
    row.account = account
    row.instrument = instrument
    row.client_order_id = 0
    row.order_id = 0
    row.post_only = 0
    row.has_terms = 0
    return row


@compiled
def submit_limit(
    k: Any, account: int, instrument: int, side: int, price_ticks: int, lots: int, time_in_force: int
) -> None:
    """Send a limit order."""
    row = new_command(k, _SUBMIT, account, instrument)
    row.side = side
    row.order_type = _LIMIT
    row.time_in_force = time_in_force
    row.stp = _CANCEL_OLDEST
    row.price_ticks = max(price_ticks, 1)
    row.quantity_lots = lots


@compiled
def cancel(k: Any, account: int, instrument: int, order_id: int) -> None:
    """Cancel one resting order."""
    row = new_command(k, _CANCEL, account, instrument)
    row.order_id = order_id


@compiled
def modify(k: Any, account: int, instrument: int, order_id: int, price_ticks: int, total_lots: int) -> None:
    """Change price and total quantity of one resting order."""
    row = new_command(k, _MODIFY, account, instrument)
    row.order_id = order_id
    row.price_ticks = max(price_ticks, 1)
    row.quantity_lots = total_lots


@compiled
def release(k: Any, slot: int) -> None:
    """Give back the row of a command that has been applied."""
    command_at(k.pending, slot).link = k.free_pending
    k.free_pending = slot
    k.free_pendings += 1


@compiled
def next_sequence(k: Any, account: int) -> int:
    """Return the account's next sequence number."""
    sequence: int = load(k.sent, account)
    store(k.sent, account, sequence + 1)
    return sequence


@compiled
def dispatch(k: Any, agent: Any, account: int, latency_ns: int) -> None:
    """Send the chain on its way; an agent's requests never overtake each other."""
    if k.chain_first < 0:
        return
    arrival_ns = max(k.now_ns + latency_ns, agent.last_arrival_ns)
    agent.last_arrival_ns = arrival_ns
    push(k, arrival_ns, key_of(RANK_COMMAND, account, next_sequence(k, account)), k.chain_first)
    k.chain_first = -1
