"""The way from the hot path to all that is rare: one call through an address.

Every function that Python calls takes in all that it calls, and has it optimized anew. The rare half of the
engine (special orders, changes, liquidation, commands of the operator) is several times as large as the hot
one: called by its address, it is compiled once.

The address is that of this process. It lies in the word before an exchange's block and so is in no snapshot;
0 until rare code is asked for the first time (`NEED_CODE`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from exchange_sim.compiled import inlined
from exchange_sim.engine.codes import ZERO, word
from exchange_sim.engine.pointers import load
from exchange_sim.engine.state import NEED_CODE, State

DO_COMMAND, DO_EXPIRE, DO_REST, DO_CONCLUDE, DO_CUT, DO_YIELD = (word(number) for number in range(6))
"""What rare code is asked for, see `rare`."""

ARGUMENTS = 17
"""Block, place of the events, what to do, and the fourteen integers of a command or what stands for them."""

CODE_WORD = -1
"""Where the address lies, in words from the start of the block."""

_WORD = ir.IntType(64)
_CODE_WORD = word(CODE_WORD)
_VALUES: Any = types.UniTuple(types.int64, ARGUMENTS)  # type: ignore[no-untyped-call]


@intrinsic
def _call(_typing: Any, _address: Any, _arguments: Any) -> Any:
    def generate(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        values = [builder.extract_value(args[1], number) for number in range(ARGUMENTS)]
        kind = ir.FunctionType(_WORD, [_WORD] * ARGUMENTS)
        return builder.call(builder.inttoptr(args[0], kind.as_pointer()), values)

    return types.int64(types.int64, _VALUES), generate


_call_code = cast("Callable[[int, tuple[int, ...]], int]", _call)


@inlined
def call_rare(
    state: State,
    what: int,
    ts_ns: int,
    kind: int,
    account: int,
    index: int,
    side: int,
    order_type: int,
    time_in_force: int,
    post_only: int,
    stp: int,
    price_ticks: int,
    quantity_lots: int,
    client_order_id: int,
    order_id: int,
    terms: int,
) -> int:
    """Have rare code execute something; return a status."""
    code = load(state.header, _CODE_WORD)
    if code == 0:
        return NEED_CODE
    return _call_code(
        code,
        (
            state.header, state.events, what, ts_ns, kind, account, index, side, order_type, time_in_force,
            post_only, stp, price_ticks, quantity_lots, client_order_id, order_id, terms,
        ),
    )  # fmt: skip


@inlined
def ask_rare(
    state: State, what: int, ts_ns: int, account: int, other: int, index: int, slot: int, lots: int
) -> int:
    """Have rare code do something about orders or accounts; return a status."""
    return call_rare(
        state, what, ts_ns, ZERO, account, index, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, lots, other, slot, ZERO
    )
