"""Checks of what the engine keeps of special orders: heaps, lists, groups and counters against the rows."""

from __future__ import annotations

from exchange_sim.engine.memory import Memory
from exchange_sim.engine.special import ALTERNATIVE, ASLEEP, AWAKE, ENTRY, NOT_LINKED, SPECIAL, WAITING
from exchange_sim.model.enums import OrderType, Side

_NEVER_NS = 2**63 - 1
_TAKE_PROFITS = (OrderType.TAKE_PROFIT_MARKET, OrderType.TAKE_PROFIT_LIMIT)


def leaves_of(memory: Memory, slot: int) -> int:
    """Return what is left of an open order, hidden lots included."""
    hidden = int(memory.terms[slot]["hidden_lots"]) if is_special(memory, slot) else 0
    return int(memory.orders[slot]["leaves_lots"]) + hidden


def is_special(memory: Memory, slot: int) -> bool:
    return bool(memory.orders[slot]["flags"] & SPECIAL)


def check_special(memory: Memory, open_slots: set[int]) -> None:
    """Fail where heaps, lists, groups or counters of special orders disagree with their rows."""
    special = {slot for slot in open_slots if is_special(memory, slot)}
    waiting = {slot for slot in open_slots if memory.orders[slot]["flags"] & WAITING}
    assert waiting <= special
    assert int(memory.header["special_orders"]) == len(special)
    assert int(memory.header["waiting_orders"]) == len(waiting)
    assert int(memory.header["stage"]) == 0
    _check_expiry(memory, special)
    for index in range(memory.capacity.instruments):
        own = {slot for slot in special if memory.orders[slot]["instrument"] == index}
        assert int(memory.instruments[index]["waiting_orders"]) == len(own & waiting)
        _check_triggers(memory, index, own & waiting)
        slices = sum(_slices(memory, slot) for slot in own)
        assert int(memory.instruments[index]["hidden_slices"]) == slices
        for account in range(int(memory.header["accounts"])):
            mine = {slot for slot in own if memory.orders[slot]["account"] == account}
            _check_position(memory, account, index, mine, waiting)
    for slot in special:
        _check_group(memory, slot, special)


def _slices(memory: Memory, slot: int) -> int:
    terms = memory.terms[slot]
    hidden, display = int(terms["hidden_lots"]), int(terms["display_lots"])
    assert hidden >= 0
    assert hidden == 0 or 0 < int(memory.orders[slot]["leaves_lots"]) <= display
    return -(-hidden // display) if display else 0


def _check_position(memory: Memory, account: int, index: int, mine: set[int], waiting: set[int]) -> None:
    position = memory.positions[account, index]
    assert int(position["waiting_orders"]) == len(mine & waiting)
    reducing = {slot for slot in mine - waiting if memory.terms[slot]["reduce_only"]}
    total = sum(leaves_of(memory, slot) for slot in reducing)
    assert int(position["reduce_only_lots"]) == total
    lots = int(position["lots"])
    for slot in reducing:
        side = Side.SELL if lots > 0 else Side.BUY
        assert memory.orders[slot]["side"] == side
    assert total <= abs(lots)


def _check_expiry(memory: Memory, special: set[int]) -> None:
    ending = {slot for slot in special if memory.terms[slot]["expire_ns"]}
    keys = {
        slot: (int(memory.terms[slot]["expire_ns"]), int(memory.orders[slot]["order_id"])) for slot in ending
    }
    root = int(memory.header["expiry_root"])
    assert _heap(memory, "expiry", root, keys) == ending
    assert int(memory.header["next_due_ns"]) == (keys[root][0] if root >= 0 else _NEVER_NS)


def _check_triggers(memory: Memory, index: int, waiting: set[int]) -> None:
    seen: set[int] = set()
    for source in range(3):
        for falling in range(2):
            row = memory.triggers[(index * 3 + source) * 2 + falling]
            sign = -1 if falling else 1
            armed = {
                slot for slot in waiting
                if memory.terms[slot]["armed"] and memory.terms[slot]["trigger_source"] == source
                and _falls(memory, slot) == falling
            }  # fmt: skip
            keys = {
                slot: (sign * int(memory.terms[slot]["trigger_ticks"]), int(memory.orders[slot]["order_id"]))
                for slot in armed
            }
            root = int(row["root"])
            assert _heap(memory, "trigger", root, keys) == armed
            assert int(row["threshold_ticks"]) == (sign * keys[root][0] if root >= 0 else 0)
            _check_trailing(memory, int(row["trailing_first"]), armed)
            seen |= armed
    assert seen == {slot for slot in waiting if memory.terms[slot]["armed"]}
    for slot in waiting - seen:
        assert memory.terms[slot]["role"] == ASLEEP


def _falls(memory: Memory, slot: int) -> int:
    takes_profit = memory.terms[slot]["order_type"] in _TAKE_PROFITS
    return int((memory.orders[slot]["side"] == Side.SELL) != takes_profit)


def _check_trailing(memory: Memory, slot: int, armed: set[int]) -> None:
    listed, previous = set(), -1
    while slot >= 0:
        assert int(memory.terms[slot]["trailing_previous"]) == previous
        listed.add(slot)
        previous, slot = slot, int(memory.terms[slot]["trailing_next"])
    assert listed == {slot for slot in armed if memory.terms[slot]["trail_ticks"]}


def _heap(memory: Memory, name: str, root: int, keys: dict[int, tuple[int, int]]) -> set[int]:
    """Walk a heap; return its slots, after checking keys and links."""
    found: set[int] = set()
    if root < 0:
        return found
    todo = [(root, -1, root)]
    while todo:
        slot, previous, parent = todo.pop()
        assert slot not in found
        assert keys[parent] <= keys[slot]
        terms = memory.terms[slot]
        assert int(terms[f"{name}_previous"]) == previous
        found.add(slot)
        if terms[f"{name}_child"] >= 0:
            todo.append((int(terms[f"{name}_child"]), slot, slot))
        if terms[f"{name}_sibling"] >= 0:
            assert slot != root
            todo.append((int(terms[f"{name}_sibling"]), slot, parent))
    return found


def _check_group(memory: Memory, slot: int, special: set[int]) -> None:
    """Check the ring that begins at an order: same owner, and roles that go together."""
    terms = memory.terms[slot]
    role, following = int(terms["role"]), int(terms["group_next"])
    if following < 0:
        assert role != ASLEEP
        return
    ring, other = [slot], following
    while other != slot:
        assert other in special
        assert other not in ring
        ring.append(other)
        other = int(memory.terms[other]["group_next"])
    assert len(ring) >= 2
    assert len({int(memory.orders[each]["account"]) for each in ring}) == 1
    assert len({int(memory.orders[each]["instrument"]) for each in ring}) == 1
    roles = sorted(int(memory.terms[each]["role"]) for each in ring)
    if role == ALTERNATIVE:
        assert set(roles) == {ALTERNATIVE}
    else:
        assert NOT_LINKED not in roles
        assert roles.count(ENTRY) <= 1
        assert len(set(roles) - {ENTRY}) == 1
        if AWAKE not in roles:
            assert ENTRY in roles
