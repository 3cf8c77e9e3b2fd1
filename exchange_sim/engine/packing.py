"""Command and event rows in a third of their bytes, for journals.

A row is eight words. Each is written as the difference to the same word of the row before, the small
differences of both signs as small numbers, in as many bytes as the number has: a word of four-bit lengths,
half of it used, comes first. The words that hold several fields (account, instrument, kind ...) are compared
bit by bit and turned, so that the fields which change lie in the low bytes. The first row of a block follows
a row of zeros, so every block can be read alone.

A command is one such row, or two where it has terms. Its `link`, which the engine does not read, is not kept.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from exchange_sim.compiled import compiled, inlined
from exchange_sim.engine.layout import COMMAND, COMMAND_BYTES, EVENT, EVENT_BYTES
from exchange_sim.engine.pointers import command_at, highest_bit, load, store

_WORDS = 8
_ROW_BYTES = 8 * _WORDS
_LENGTHS_BYTES = 4
_PACKED_ROW_BYTES = _LENGTHS_BYTES + _ROW_BYTES
_SPARE_BYTES = 8  # a word is written and read whole, however few of its bytes count
_TURN = 16
_EVENT_MIXED = 0b10000000
_COMMAND_MIXED = 0b01100000
_TERMS_MIXED = 0b10000000
_PLAIN_WORD = 6  # of a command: order type to self-trade prevention, and above them the link
_NO_LINK = 0xFFFFFFFF


@intrinsic
def _get(_typing: Any, _address: Any) -> Any:
    def generate(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.load(builder.inttoptr(args[0], ir.IntType(64).as_pointer()), align=1)

    return types.int64(types.int64), generate


@intrinsic
def _put(_typing: Any, _address: Any, _value: Any) -> Any:
    def generate(context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        builder.store(args[1], builder.inttoptr(args[0], ir.IntType(64).as_pointer()), align=1)
        return context.get_dummy_value()

    return types.none(types.int64, types.int64), generate


get_bytes = cast("Callable[[int], int]", _get)
"""Return the eight bytes at any address as a word."""

put_bytes = cast("Callable[[int, int], None]", _put)
"""Write a word to any address."""


@inlined
def _pack_word(word: int, before: int, mixed: int) -> int:
    """Return a word's difference to the one before as a number whose size is the number of bytes it needs."""
    if mixed:
        changed = word ^ before
        return (changed << _TURN) | ((changed >> (64 - _TURN)) & ((1 << _TURN) - 1))
    step = word - before
    return (step << 1) ^ (step >> 63)


@inlined
def _unpack_word(packed: int, before: int, mixed: int) -> int:
    """Return the word that `_pack_word` packed."""
    if mixed:
        return before ^ ((packed << (64 - _TURN)) | ((packed >> _TURN) & ((1 << (64 - _TURN)) - 1)))
    return before + (((packed >> 1) & 0x7FFFFFFFFFFFFFFF) ^ -(packed & 1))


@inlined
def _pack_row(row: int, before: int, mixed: int, masked: int, target: int) -> int:
    """Pack the eight words at `row`; return the address behind them."""
    lengths = 0
    at = target + _LENGTHS_BYTES
    for number in range(_WORDS):
        word, last = load(row, number), load(before, number)
        if number == masked:
            word, last = word & _NO_LINK, last & _NO_LINK
        packed = _pack_word(word, last, (mixed >> number) & 1)
        if packed != 0:
            size = (highest_bit(packed) >> 3) + 1
            put_bytes(at, packed)
            at += size
            lengths |= size << (4 * number)
    first = get_bytes(target + _LENGTHS_BYTES)
    put_bytes(target, lengths)
    put_bytes(target + _LENGTHS_BYTES, first)
    return at


@inlined
def _unpack_row(source: int, before: int, mixed: int, row: int) -> int:
    """Write the eight words packed at `source` to `row`; return the address behind them."""
    lengths = get_bytes(source)
    at = source + _LENGTHS_BYTES
    for number in range(_WORDS):
        size = (lengths >> (4 * number)) & 15
        packed = 0
        if size == 8:
            packed = get_bytes(at)
        elif size > 0:
            packed = get_bytes(at) & ((1 << (8 * size)) - 1)
        at += size
        store(row, number, _unpack_word(packed, load(before, number), (mixed >> number) & 1))
    return at


@compiled
def pack_events_at(rows: int, count: int, nothing: int, target: int) -> int:
    """Pack `count` EVENT rows; `nothing` is a row of zeros. Returns the number of bytes."""
    at, before = target, nothing
    for number in range(count):
        row = rows + number * EVENT_BYTES
        at = _pack_row(row, before, _EVENT_MIXED, -1, at)
        before = row
    return at - target


@compiled
def unpack_events_at(source: int, size: int, nothing: int, rows: int, count: int) -> int:
    """Write `count` EVENT rows; return the bytes read, -1 where they pass `size`."""
    at, before = source, nothing
    for number in range(count):
        if at - source > size:
            return -1
        row = rows + number * EVENT_BYTES
        at = _unpack_row(at, before, _EVENT_MIXED, row)
        before = row
    return at - source


@compiled
def pack_commands_at(rows: int, count: int, nothing: int, target: int) -> int:
    """Pack `count` COMMAND rows; return the number of bytes."""
    at, before = target, nothing
    for number in range(count):
        row = rows + number * COMMAND_BYTES
        at = _pack_row(row, before, _COMMAND_MIXED, _PLAIN_WORD, at)
        if command_at(rows, number).has_terms != 0:
            at = _pack_row(row + _ROW_BYTES, nothing, _TERMS_MIXED, -1, at)
        before = row
    return at - target


@compiled
def unpack_commands_at(source: int, size: int, nothing: int, rows: int, count: int) -> int:
    """Write `count` COMMAND rows; return the bytes read, -1 where they pass `size`."""
    at, before = source, nothing
    for number in range(count):
        if at - source > size:
            return -1
        row = rows + number * COMMAND_BYTES
        at = _unpack_row(at, before, _COMMAND_MIXED, row)
        if command_at(rows, number).has_terms != 0:
            if at - source > size:
                return -1
            at = _unpack_row(at, nothing, _TERMS_MIXED, row + _ROW_BYTES)
        else:
            for word in range(_WORDS):
                store(row + _ROW_BYTES, word, 0)
        before = row
    return at - source


@compiled
def first_difference_at(left: int, right: int, words: int) -> int:
    """Return the number of the first word in which two tables differ, -1 for none."""
    for number in range(words):
        if load(left, number) != load(right, number):
            return number
    return -1


_NOTHING = np.zeros(_WORDS, np.int64)


def pack_events(rows: npt.NDArray[Any]) -> bytes:
    """Return EVENT rows packed."""
    return _pack(pack_events_at, np.ascontiguousarray(rows, EVENT), _PACKED_ROW_BYTES)


def pack_commands(rows: npt.NDArray[Any]) -> bytes:
    """Return COMMAND rows packed."""
    return _pack(pack_commands_at, np.ascontiguousarray(rows, COMMAND), 2 * _PACKED_ROW_BYTES)


def unpack_events(packed: bytes | memoryview, count: int) -> npt.NDArray[Any]:
    """Return the EVENT rows of a packed block; raise ValueError where it is none of `count` rows."""
    return _unpack(unpack_events_at, packed, count, EVENT)


def unpack_commands(packed: bytes | memoryview, count: int) -> npt.NDArray[Any]:
    """Return the COMMAND rows of a packed block; raise ValueError where it is none of `count` rows."""
    return _unpack(unpack_commands_at, packed, count, COMMAND)


def _pack(packer: Callable[..., int], rows: npt.NDArray[Any], most: int) -> bytes:
    target = np.empty(len(rows) * most + _SPARE_BYTES, np.uint8)
    size = packer(rows.ctypes.data, len(rows), _NOTHING.ctypes.data, target.ctypes.data)
    return target[:size].tobytes()


def _unpack(
    unpacker: Callable[..., int], packed: bytes | memoryview, count: int, dtype: np.dtype[Any]
) -> npt.NDArray[Any]:
    # Every row takes at least its lengths: a damaged count cannot ask for all memory.
    if not 0 <= count * _LENGTHS_BYTES <= len(packed):
        raise ValueError(f"count: expected {len(packed) // _LENGTHS_BYTES} or less, was {count}")
    # Behind the end is room for one row more, so that a block that ends inside a row is read to its end.
    source = np.zeros(len(packed) + 2 * _PACKED_ROW_BYTES + _SPARE_BYTES, np.uint8)
    source[: len(packed)] = np.frombuffer(packed, np.uint8)
    rows = np.empty(count, dtype)
    read = unpacker(source.ctypes.data, len(packed), _NOTHING.ctypes.data, rows.ctypes.data, count)
    if read != len(packed):
        raise ValueError(f"block: expected {len(packed)} bytes in {count} rows, was {read}")
    return rows
