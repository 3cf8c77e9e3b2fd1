"""Rows and words at an address, for compiled code.

A table is known to compiled code by the address of its first row, an int64. `order_at(table, i)` is a
reference to row `i`: reading or writing a field goes straight to memory. Nothing is checked: an index
out of range reads foreign memory, so callers validate every number that comes from outside.

numba's own array views would do the same, but each carries seven words, a reference count and a test
for negative indices; addresses compile in a third of the time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numba
import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from exchange_sim.engine.layout import (
    CLIENT_ENTRY,
    COMMAND,
    EVENT,
    FEE_TIER,
    HEADER,
    HOLDER,
    INSTRUMENT,
    LEVEL,
    ORDER,
    ORDER_TERMS,
    POSITION,
    QUEUE_ROW,
    TERMS,
    TIER,
    TRIGGERS,
)

_WORD = ir.IntType(64)


def rows_of(dtype: np.dtype[Any]) -> Callable[[int, int], Any]:
    """Return the compiled function `(table address, index) -> reference to that row`."""
    record = numba.from_dtype(dtype)
    size = dtype.itemsize

    @intrinsic
    def row_at(_typing: Any, _table: Any, _index: Any) -> Any:
        def generate(context: Any, builder: Any, _signature: Any, args: Any) -> Any:
            table, index = args
            address = builder.add(table, builder.mul(index, ir.Constant(_WORD, size)))
            return builder.inttoptr(address, context.get_value_type(record))

        return record(types.int64, types.int64), generate

    return cast("Callable[[int, int], Any]", row_at)


header_at = rows_of(HEADER)
instrument_at = rows_of(INSTRUMENT)
order_at = rows_of(ORDER)
level_at = rows_of(LEVEL)
position_at = rows_of(POSITION)
client_at = rows_of(CLIENT_ENTRY)
event_at = rows_of(EVENT)
command_at = rows_of(COMMAND)
queue_row_at = rows_of(QUEUE_ROW)
terms_at = rows_of(TERMS)
order_terms_at = rows_of(ORDER_TERMS)
triggers_at = rows_of(TRIGGERS)
tier_at = rows_of(TIER)
fee_tier_at = rows_of(FEE_TIER)
holder_at = rows_of(HOLDER)


@intrinsic
def _load(_typing: Any, _table: Any, _index: Any) -> Any:
    def generate(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        address = builder.add(args[0], builder.mul(args[1], ir.Constant(_WORD, 8)))
        return builder.load(builder.inttoptr(address, _WORD.as_pointer()))

    return types.int64(types.int64, types.int64), generate


load = cast("Callable[[int, int], int]", _load)
"""Return the int64 word `index` of a table of words."""


@intrinsic
def _store(_typing: Any, _table: Any, _index: Any, _value: Any) -> Any:
    def generate(context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        address = builder.add(args[0], builder.mul(args[1], ir.Constant(_WORD, 8)))
        builder.store(args[2], builder.inttoptr(address, _WORD.as_pointer()))
        return context.get_dummy_value()

    return types.none(types.int64, types.int64, types.int64), generate


store = cast("Callable[[int, int, int], None]", _store)
"""Write the int64 word `index` of a table of words."""


@intrinsic
def _call_two(_typing: Any, _function: Any, _first: Any, _second: Any) -> Any:
    def generate(context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        words = (types.int64, types.int64)
        kind = context.call_conv.get_function_type(types.int64, words)
        function = builder.inttoptr(args[0], kind.as_pointer())
        _, result = context.call_conv.call_function(builder, function, types.int64, words, args[1:])
        return result

    return types.int64(types.int64, types.int64, types.int64), generate


call_two = cast("Callable[[int, int, int], int]", _call_two)
"""Call the function at an address (`exchange_sim.compiled.address_of`) with two words; return its word."""


@intrinsic
def _lowest_bit(_typing: Any, _word: Any) -> Any:
    def generate(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.int64), generate


lowest_bit = cast("Callable[[int], int]", _lowest_bit)
"""Return the index of the lowest set bit of a word that is not 0."""


@intrinsic
def _highest_bit(_typing: Any, _word: Any) -> Any:
    def generate(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        leading = builder.ctlz(args[0], ir.Constant(ir.IntType(1), 1))
        return builder.sub(ir.Constant(_WORD, 63), leading)

    return types.int64(types.int64), generate


highest_bit = cast("Callable[[int], int]", _highest_bit)
"""Return the index of the highest set bit of a word that is not 0."""
