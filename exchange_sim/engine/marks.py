"""Mark prices, and the band of marks inside which nobody can be below maintenance.

An account's slack, equity less maintenance, split evenly over its positions and divided by the most that a
tick can cost a position, is how far each mark may move. Every instrument keeps the narrowest of these
bands over all accounts: what changes an account's slack tightens them, and when a mark leaves its band all
accounts are checked and the bands drawn anew (`liquidation`). Marks move together inside all bands
without harm, because each position has its own share of the slack.

The most that a tick costs: a long loses lots x unit where the mark falls, its maintenance does not rise; a
short loses lots x unit where it rises, and its maintenance rises by at most the largest rate of it.
Rounding and the joints of the tiers add less than `_ROUNDING` atoms a position. lots x unit is at most the
cost, 2**60.
"""

from __future__ import annotations

from typing import Any

from exchange_sim.compiled import compiled, inlined
from exchange_sim.engine import codes
from exchange_sim.engine.clearing import share_up, value_of
from exchange_sim.engine.codes import MISSING, ZERO, word
from exchange_sim.engine.events import refuse
from exchange_sim.engine.layout import TIERS_MAXIMUM
from exchange_sim.engine.margin import bounded, maintenance_of, unrealized
from exchange_sim.engine.pointers import instrument_at, load, position_at, tier_at
from exchange_sim.engine.state import DONE, State
from exchange_sim.model.instrument import MAXIMUM_NOTIONAL_ATOMS, MAXIMUM_TICKS

LAST, OPERATOR, INDEX = word(0), word(1), word(2)
"""Values of an instrument's `mark_is_set`: what the mark follows."""

_ROUNDING = TIERS_MAXIMUM + 4
_PPM = 1_000_000
_HALF_TICKS = 65_536
_PPB = 1_000_000_000


@inlined
def mark_moved(header: Any, instrument: Any) -> None:
    """Have accounts checked for liquidation if a mark just written lies outside its watch band."""
    mark = instrument.mark_ticks
    if mark < instrument.watch_low_ticks or mark > instrument.watch_high_ticks:
        header.alarm = 1


@inlined
def value_at_mark(instrument: Any, position: Any) -> int:
    """Return a position's value at the mark, without sign."""
    return abs(value_of(position.lots, instrument.mark_ticks, instrument.atoms_per_tick_lot))


@compiled
def cross_standing(state: State, header: Any, account: int, asset: int) -> tuple[int, int, int, bool]:
    """Return equity, maintenance and number of an account's cross positions; if one may be liquidated."""
    equity = bounded(load(state.balances, account * header.assets + asset))
    maintenance, count, watched = ZERO, ZERO, False
    for index in range(header.instruments):
        instrument = instrument_at(state.instruments, index)
        position = position_at(state.positions, account * header.instruments + index)
        if position.lots == 0 or position.isolated != 0 or instrument.settle != asset:
            continue
        count += 1
        equity = bounded(equity + unrealized(instrument, position))
        if instrument.tiers != 0:
            value = value_at_mark(instrument, position)
            maintenance = bounded(maintenance + maintenance_of(state, header, index, instrument, value))
            watched = watched or instrument.state == codes.TRADING
    return equity, maintenance, count, watched


@inlined
def isolated_slack(state: State, header: Any, index: int, instrument: Any, position: Any) -> int:
    """Return how far an isolated position's equity is above its maintenance."""
    maintenance = maintenance_of(state, header, index, instrument, value_at_mark(instrument, position))
    equity = bounded(position.margin_atoms + unrealized(instrument, position))
    return equity - maintenance


@inlined
def _tighten(state: State, header: Any, index: int, instrument: Any, position: Any, share: int) -> None:
    """Draw an instrument's band so narrow that this position loses at most `share` inside it."""
    mark, lots = instrument.mark_ticks, abs(position.lots)
    share -= _ROUNDING
    slope = lots * instrument.atoms_per_tick_lot
    if position.lots < 0:
        tiers = state.header + header.tiers_offset
        last = tier_at(tiers, index * TIERS_MAXIMUM + max(ZERO, instrument.tiers - 1))
        slope += share_up(slope, last.maintenance_ppm)
    reach = max(ZERO, share) // slope
    if position.lots > 0 or share < 0:
        instrument.watch_low_ticks = max(instrument.watch_low_ticks, mark - reach)
    if position.lots < 0 or share < 0:
        instrument.watch_high_ticks = min(instrument.watch_high_ticks, mark + reach)


@compiled
def check_account(state: State, header: Any, account: int) -> int:
    """Return what of an account is to be liquidated first, 0 for nothing; tighten the bands by its slack.

    1 + asset for its cross positions in an asset, -1 - instrument for an isolated position.
    """
    first = account * header.instruments
    for asset in range(header.assets):
        equity, maintenance, count, watched = cross_standing(state, header, account, asset)
        if watched and equity < maintenance:
            return 1 + asset
        share = (equity - maintenance) // max(count, 1)
        for index in range(header.instruments):
            instrument = instrument_at(state.instruments, index)
            position = position_at(state.positions, first + index)
            if position.lots == 0 or instrument.settle != asset:
                continue
            if position.isolated == 0:
                if watched:
                    _tighten(state, header, index, instrument, position, share)
            elif instrument.tiers != 0 and instrument.state == codes.TRADING:
                slack = isolated_slack(state, header, index, instrument, position)
                if slack < 0:
                    return -1 - index
                _tighten(state, header, index, instrument, position, slack)
    return ZERO


@inlined
def watch(state: State, header: Any, account: int) -> None:
    """Tighten the bands by the slack of an account that changed; raise the alarm where it has none."""
    if check_account(state, header, account) != 0:
        header.alarm = 1


@inlined
def _clamp(value: int, bound: int) -> int:
    return max(-bound, min(bound, value))


@inlined
def _highest_ticks(instrument: Any) -> int:
    highest: int = min(word(MAXIMUM_TICKS), MAXIMUM_NOTIONAL_ATOMS // instrument.atoms_per_tick_lot)
    return highest


@compiled
def _mark_from_index(instrument: Any) -> int:
    """Return index plus smoothed basis, in ticks."""
    twice = 2 * instrument.index_ticks
    limit = twice * instrument.basis_limit_ppm // _PPM
    mark: int = (twice + _clamp(instrument.basis // _HALF_TICKS, limit) + 1) // 2
    return max(word(1), min(_highest_ticks(instrument), mark))


@compiled
def refuse_price(state: State, header: Any, index: int, price_ticks: int, least_ticks: int) -> int:
    """Return why an operator may not set this price; 0 if he may."""
    if index < 0 or index >= header.instruments:
        return codes.UNKNOWN_INSTRUMENT
    highest = _highest_ticks(instrument_at(state.instruments, index))
    if price_ticks < least_ticks or price_ticks > highest:
        return codes.INVALID_PRICE
    return ZERO


@compiled
def set_mark(state: State, header: Any, ts_ns: int, index: int, price_ticks: int) -> int:
    """Execute SET_MARK; price 0 returns to the last trade or the index. Return a status."""
    reason = refuse_price(state, header, index, price_ticks, ZERO)
    if reason != 0:
        refuse(state, header, ts_ns, codes.REJECTED, reason, MISSING, index, ZERO, ZERO, price_ticks, ZERO)
        return DONE
    instrument = instrument_at(state.instruments, index)
    if price_ticks > 0:
        instrument.mark_is_set = OPERATOR
        instrument.mark_ticks = price_ticks
    elif instrument.mark_follows_index != 0 and instrument.index_ticks != 0:
        instrument.mark_is_set = INDEX
        instrument.mark_ticks = _mark_from_index(instrument)
    else:
        instrument.mark_is_set = LAST
        instrument.mark_ticks = instrument.last_ticks
    mark_moved(header, instrument)
    return DONE


@compiled
def set_index(state: State, header: Any, ts_ns: int, index: int, price_ticks: int) -> int:
    """Execute SET_INDEX: sample basis and premium, and move a mark that follows. Return a status.

    Bounds: the sample is at most the index, 2**31, so times 65,536 or 1e9 it fits; the smoothing splits its
    product at a million.
    """
    reason = refuse_price(state, header, index, price_ticks, word(1))
    if reason != 0:
        refuse(state, header, ts_ns, codes.REJECTED, reason, MISSING, index, ZERO, ZERO, price_ticks, ZERO)
        return DONE
    instrument = instrument_at(state.instruments, index)
    instrument.index_ticks = price_ticks
    bid, ask, last = instrument.best_bid_ticks, instrument.best_ask_ticks, instrument.last_ticks
    middle = bid + ask if bid != 0 and ask != 0 else 2 * last
    sample = _clamp(middle - 2 * price_ticks, price_ticks) if middle != 0 else ZERO
    missing = sample * _HALF_TICKS - instrument.basis
    millions = missing // _PPM
    weight = instrument.basis_smoothing_ppm
    instrument.basis += millions * weight + (missing - millions * _PPM) * weight // _PPM
    instrument.premium_sum_ppb += sample * _PPB // (2 * price_ticks)
    instrument.premium_count += 1
    if instrument.mark_follows_index != 0 and instrument.mark_is_set != OPERATOR:
        instrument.mark_is_set = INDEX
        instrument.mark_ticks = _mark_from_index(instrument)
        mark_moved(header, instrument)
    return DONE
