"""Fee tiers by the volume of thirty days.

Volumes are cut to 2**60 atoms, above every threshold (1e18 atoms), so their sums fit.
"""

from __future__ import annotations

from typing import Any

from exchange_sim.compiled import compiled, inlined
from exchange_sim.engine.codes import ZERO, word
from exchange_sim.engine.layout import HOLDER, VOLUME_DAYS
from exchange_sim.engine.pointers import fee_tier_at, holder_at, load, store
from exchange_sim.engine.state import State

_DAY_NS = word(86_400_000_000_000)
_MOST = 2**60
_HOLDER_WORDS = HOLDER.itemsize // 8
_FIRST_VOLUME = HOLDER.fields["volumes"][1] // 8  # type: ignore[index]


@compiled
def _start_day(state: State, header: Any, account: int, day: int) -> None:
    """Forget the volume of days long gone and look up the account's tier for this day."""
    holders = state.header + header.holders_offset
    holder = holder_at(holders, account)
    first = account * _HOLDER_WORDS + _FIRST_VOLUME
    for each in range(max(holder.day + 1, day - VOLUME_DAYS + 1), day + 1):
        store(holders, first + each % VOLUME_DAYS, ZERO)
    holder.day = day
    volume = ZERO
    for each in range(VOLUME_DAYS):
        volume = min(_MOST, volume + load(holders, first + each))
    tiers = state.header + header.fee_tiers_offset
    tier = ZERO
    while tier < header.fee_tiers and volume >= fee_tier_at(tiers, tier).volume_atoms:
        tier += 1
    holder.fee_tier = tier


@inlined
def _enter_day(state: State, header: Any, account: int) -> None:
    day = header.now_ns // _DAY_NS
    if day > holder_at(state.header + header.holders_offset, account).day:
        _start_day(state, header, account, day)


@compiled
def tiered_fee_ppm(state: State, header: Any, instrument: Any, account: int, maker: int) -> int:
    """Return an account's rate as taker (0) or maker (1) under fee tiers."""
    _enter_day(state, header, account)
    tier = holder_at(state.header + header.holders_offset, account).fee_tier
    if tier == 0:
        return instrument.maker_fee_ppm if maker != 0 else instrument.taker_fee_ppm  # type: ignore[no-any-return]
    row = fee_tier_at(state.header + header.fee_tiers_offset, tier - 1)
    return row.maker_fee_ppm if maker != 0 else row.taker_fee_ppm  # type: ignore[no-any-return]


@compiled
def count_volume(state: State, header: Any, account: int, value_atoms: int) -> None:
    """Add a fill to the volume of the account's day."""
    _enter_day(state, header, account)
    holders = state.header + header.holders_offset
    place = account * _HOLDER_WORDS + _FIRST_VOLUME + holder_at(holders, account).day % VOLUME_DAYS
    store(holders, place, min(_MOST, load(holders, place) + value_atoms))
