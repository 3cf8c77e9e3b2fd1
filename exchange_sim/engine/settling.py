"""The booking of one side of a fill: position, balance, fee, volume."""

from __future__ import annotations

from typing import Any

from exchange_sim.compiled import inlined
from exchange_sim.engine.clearing import change_position, charge, share_up
from exchange_sim.engine.codes import word
from exchange_sim.engine.state import State


@inlined
def fee_ppm_of(state: State, header: Any, instrument: Any, account: int, maker: int) -> int:  # noqa: ARG001
    """Return the fee rate of an account in an instrument as taker (0) or maker (1)."""
    rate: int = instrument.maker_fee_ppm if maker != 0 else instrument.taker_fee_ppm
    return rate


@inlined
def settle_fill(
    state: State,
    header: Any,
    instrument: Any,
    index: int,  # noqa: ARG001
    account: int,
    position: Any,
    side: int,
    price_ticks: int,
    lots: int,
    fee_ppm: int,
    maker: int,
) -> int:
    """Book one side of a fill; return its fee."""
    settle = word(instrument.settle)
    unit = price_ticks * instrument.atoms_per_tick_lot
    notional = lots * unit
    fee = share_up(notional, fee_ppm)
    change_position(state, header, settle, account, position, lots if side == 0 else -lots, unit)
    charge(state, header, settle, account, fee)
    position.fees_atoms += fee
    position.volume_atoms += notional
    if maker != 0:
        position.maker_atoms += notional
    position.fills += 1
    return fee
