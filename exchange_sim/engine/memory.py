"""The block of bytes that holds an exchange: made, grown and opened here.

`Memory` is the Python owner of the block. `open_state` gives compiled code the addresses of the
tables in it; they hold until the owner grows the block, so a compiled loop opens the state at its
start and returns to Python for growth.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from exchange_sim.engine.clients import index_clients
from exchange_sim.engine.detour import CODE_WORD
from exchange_sim.engine.layout import (
    CLIENT_ENTRY,
    EVENT,
    FEE_TIER,
    FEE_TIERS_MAXIMUM,
    HEADER,
    HOLDER,
    INSTRUMENT,
    LADDER_LEVELS,
    LEVEL,
    ORDER,
    ORDER_TERMS,
    POSITION,
    TIER,
    TIERS_MAXIMUM,
    TRIGGERS,
)
from exchange_sim.engine.rare import rare_address
from exchange_sim.engine.state import State, open_state

__all__ = ["Capacity", "Memory", "State", "open_state"]

_LINE = 64
_HEAPS = 6  # three sources, two directions
_NEVER_NS = 2**63 - 1
_WORD = np.dtype("<i8")
_DERIVED = (
    *(name for name in HEADER.names or () if name.endswith("_offset")),
    *("size_bytes", "instruments", "assets", "account_capacity", "order_capacity", "level_capacity"),
    *("event_mask", "event_capacity", "client_mask"),
)
"""Header fields that follow from the capacity alone."""


class Capacity(NamedTuple):
    """Rows of each table. All but `instruments` and `assets` can grow."""

    instruments: int
    assets: int
    accounts: int
    orders: int
    events: int
    levels: tuple[int, ...]

    def tables(self) -> list[tuple[str, np.dtype[Any], int]]:
        """Return name, row format and number of rows of each table, in their order in the block."""
        levels = sum(self.levels)
        return [
            ("instruments", INSTRUMENT, self.instruments),
            ("balances", _WORD, self.accounts * self.assets),
            ("fees", _WORD, self.assets),
            ("deposits", _WORD, self.assets),
            ("positions", POSITION, self.accounts * self.instruments),
            ("orders", ORDER, self.orders),
            ("clients", CLIENT_ENTRY, 4 * self.orders),
            ("levels", LEVEL, levels),
            ("bitmap", _WORD, levels // 64 + levels // LADDER_LEVELS),
            ("events", EVENT, self.events),
            ("terms", ORDER_TERMS, self.orders),
            ("triggers", TRIGGERS, self.instruments * _HEAPS),
            ("tiers", TIER, self.instruments * TIERS_MAXIMUM),
            ("fee_tiers", FEE_TIER, FEE_TIERS_MAXIMUM),
            ("holders", HOLDER, self.accounts),
            ("held", _WORD, self.accounts * self.assets),
            ("insurance", _WORD, self.assets),
        ]


class Memory:
    """One exchange's block of bytes with a numpy view of each table.

    Attributes
    ----------
    address : int
        Of the block, for `open_state`. Changes when the block grows.
    code
        The word before the block, see `connect`.
    capacity : Capacity
    header, instruments, orders, levels, bitmap, positions, balances, fees, deposits, clients, events,
    terms, triggers, tiers, fee_tiers, holders, held, insurance
        Views of the tables; `balances` and `held` are `[account, asset]`, `positions` is
        `[account, instrument]`, `tiers` is `[instrument, tier]`.
    """

    def __init__(self, capacity: Capacity, parts: Iterable[tuple[int, bytes]] | None = None) -> None:
        self.capacity = capacity
        self._allocate()
        if parts is not None:
            for offset, part in parts:
                if not 0 <= offset <= len(self.block) - len(part):
                    raise ValueError(f"parts: expected an offset inside the block, was {offset}")
                self.block[offset : offset + len(part)] = np.frombuffer(part, np.uint8)
            if self.header["special_orders"]:
                self.connect()
            return
        self._place_ladders()
        self.positions["first_order"] = -1
        self.header["free_order"] = self.header["expiry_root"] = -1
        self.header["next_due_ns"] = _NEVER_NS
        self.triggers["root"] = self.triggers["trailing_first"] = -1
        self.instruments["watch_high_ticks"] = _NEVER_NS
        self._add_free_orders(0)

    def _allocate(self) -> None:
        offsets: dict[str, int] = {}
        end = HEADER.itemsize
        for name, dtype, rows in self.capacity.tables():
            offsets[name] = end
            end += -(-dtype.itemsize * rows // _LINE) * _LINE
        storage = np.zeros(end + 2 * _LINE, np.uint8)
        start = _LINE + -storage.ctypes.data % _LINE
        self.block = storage[start : start + end]
        self.code = storage[start + 8 * CODE_WORD : start].view(_WORD)
        self.address = self.block.ctypes.data
        self.header: Any = np.ndarray(1, HEADER, self.block)[0]
        self.words = self.block[: HEADER.itemsize].data.cast("B").cast("q")
        views = {
            name: np.ndarray(rows, dtype, self.block, offsets[name])
            for name, dtype, rows in self.capacity.tables()
        }
        capacity = self.capacity
        self.instruments, self.orders = views["instruments"], views["orders"]
        self.levels, self.bitmap = views["levels"], views["bitmap"]
        self.positions = views["positions"].reshape(capacity.accounts, capacity.instruments)
        self.balances = views["balances"].reshape(capacity.accounts, capacity.assets)
        self.fees, self.deposits = views["fees"], views["deposits"]
        self.clients, self.events = views["clients"], views["events"]
        self.terms, self.triggers, self.fee_tiers = views["terms"], views["triggers"], views["fee_tiers"]
        self.tiers = views["tiers"].reshape(capacity.instruments, TIERS_MAXIMUM)
        self.holders, self.insurance = views["holders"], views["insurance"]
        self.held = views["held"].reshape(capacity.accounts, capacity.assets)
        self._describe(offsets, end)

    def connect(self) -> None:
        """Give compiled code the way to what is rare (`exchange_sim.engine.detour`)."""
        self.code[:] = rare_address()

    def _describe(self, offsets: dict[str, int], size: int) -> None:
        """Write capacities and offsets, which follow from the capacity alone, into the header."""
        header = self.header
        for name, offset in offsets.items():
            header[f"{name}_offset"] = offset
        header["size_bytes"] = size
        header["instruments"], header["assets"] = self.capacity.instruments, self.capacity.assets
        header["account_capacity"], header["order_capacity"] = self.capacity.accounts, self.capacity.orders
        header["level_capacity"] = sum(self.capacity.levels)
        header["event_mask"], header["event_capacity"] = self.capacity.events - 1, self.capacity.events
        header["client_mask"] = 4 * self.capacity.orders - 1

    def _place_ladders(self) -> None:
        level = word = 0
        for row, size in zip(self.instruments, self.capacity.levels, strict=True):
            row["ladder_size"], row["ladder_offset"], row["bitmap_offset"] = size, level, word
            level += size
            word += size // 64 + size // LADDER_LEVELS

    def _add_free_orders(self, first: int) -> None:
        """Chain the slots from `first` on into the free list, lowest first."""
        self.orders["next"][first:-1] = np.arange(first + 1, len(self.orders), dtype=np.int32)
        self.orders["next"][-1] = -1
        self.orders["next"][-1] = self.header["free_order"]
        self.header["free_order"] = first

    def forget_read_events(self) -> None:
        """Write zeros over ring rows whose events have been taken: nobody reads them again."""
        head, tail = int(self.header["event_head"]), int(self.header["event_tail"])
        unread = self.events[np.arange(tail, head) % self.capacity.events].copy()
        self.events.view(np.int64)[:] = 0
        self.events[np.arange(tail, head) % self.capacity.events] = unread

    def grow(self, **wanted: Any) -> None:
        """Move everything into a larger block; `wanted` are fields of `Capacity`.

        Every address, view and memoryview of the old block is stale afterwards.
        """
        old = Memory.__new__(Memory)
        old.__dict__.update(self.__dict__)
        self.capacity = old.capacity._replace(**wanted)
        self._allocate()
        self.code[:] = old.code
        own = (self.header[name] for name in _DERIVED)
        derived = dict(zip(_DERIVED, own, strict=True))
        self.block[: HEADER.itemsize] = old.block[: HEADER.itemsize]
        for name, value in derived.items():
            self.header[name] = value
        self.instruments[:], self.fees[:], self.deposits[:] = old.instruments, old.fees, old.deposits
        accounts = old.capacity.accounts
        self.balances[:accounts], self.positions[:accounts] = old.balances, old.positions
        self.holders[:accounts], self.held[:accounts] = old.holders, old.held
        self.triggers[:], self.tiers[:], self.fee_tiers[:] = old.triggers, old.tiers, old.fee_tiers
        self.insurance[:] = old.insurance
        self.positions["first_order"][accounts:] = -1
        self._copy_orders(old)
        self._copy_ladders(old)
        rows = np.arange(old.header["event_tail"], old.header["event_head"])
        self.events[rows % self.capacity.events] = old.events[rows % old.capacity.events]

    def _copy_orders(self, old: Memory) -> None:
        count = old.capacity.orders
        self.orders[:count] = old.orders
        self.terms[:count] = old.terms
        if self.capacity.orders == count:
            self.clients[:] = old.clients
            return
        self._add_free_orders(count)
        index_clients(self.address)

    def _copy_ladders(self, old: Memory) -> None:
        self._place_ladders()
        for before, after in zip(old.instruments, self.instruments, strict=True):
            size = int(before["ladder_size"])
            source, target = int(before["ladder_offset"]), int(after["ladder_offset"])
            self.levels[target : target + size] = old.levels[source : source + size]
            source, target = int(before["bitmap_offset"]), int(after["bitmap_offset"])
            self.bitmap[target : target + size // 64] = old.bitmap[source : source + size // 64]
            source, target = source + size // 64, target + int(after["ladder_size"]) // 64
            count = size // LADDER_LEVELS
            self.bitmap[target : target + count] = old.bitmap[source : source + count]
