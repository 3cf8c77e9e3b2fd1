"""MODIFY of orders that are more than plain ones, or under rules that plain ones do not know."""

from __future__ import annotations

from typing import Any

from exchange_sim.compiled import compiled, inlined
from exchange_sim.engine import codes
from exchange_sim.engine.acting import act
from exchange_sim.engine.book import IN_LADDER, NEEDS_GROWTH, make_price_fit
from exchange_sim.engine.codes import ZERO, word
from exchange_sim.engine.events import emit, refuse
from exchange_sim.engine.judging import refuse_bounds, refuse_price, refuse_wait
from exchange_sim.engine.limits import count_message
from exchange_sim.engine.pointers import order_at
from exchange_sim.engine.refusals import limit_valuation_ticks, refuse_exposure, refuse_notional
from exchange_sim.engine.special import (
    ALTERNATIVE,
    ASLEEP,
    FLYING,
    SPECIAL,
    WAITING,
    has_limit,
    lower,
    reducible,
    take_from_queue,
    terms_of,
    total_leaves,
)
from exchange_sim.engine.state import DONE, NEED_LADDER, State
from exchange_sim.engine.terms import refuse_display
from exchange_sim.engine.triggers import set_trigger
from exchange_sim.model.instrument import MAXIMUM_TICKS


@inlined
def _new_display(terms: Any, quantity_lots: int) -> int:
    return min(terms.display_lots, max(quantity_lots, ZERO))  # type: ignore[no-any-return]


@compiled
def _judge_waiting(
    instrument: Any, order: Any, terms: Any, price_ticks: int, quantity_lots: int, trigger_ticks: int
) -> int:
    """Return why a waiting order cannot be changed so."""
    order_type = word(terms.order_type)
    if trigger_ticks != 0:
        trailing = order_type == codes.TRAILING_STOP
        if trailing or trigger_ticks < 1 or trigger_ticks > MAXIMUM_TICKS:
            return codes.INVALID_TRIGGER
    reason = refuse_bounds(instrument, order_type, word(terms.close_position), price_ticks, quantity_lots)
    if reason != 0:
        return reason
    if trigger_ticks != 0 and terms.role != ASLEEP:
        return refuse_wait(
            instrument, word(order.side), order_type, word(terms.trigger_source), trigger_ticks
        )
    return ZERO


@compiled
def _judge_resting(
    state: State, header: Any, slot: int, instrument: Any, position: Any, price_ticks: int,
    quantity_lots: int, trigger_ticks: int, keeps_place: int,
) -> int:  # fmt: skip
    """Return why a resting order cannot be changed so, 0 if it can, or minus a NEED status."""
    order = order_at(state.orders, slot)
    side, old_leaves = word(order.side), total_leaves(state, header, slot, order)
    leaves_lots = quantity_lots - (order.quantity_lots - old_leaves)
    if trigger_ticks != 0:
        return codes.INVALID_TRIGGER
    reason = refuse_bounds(instrument, codes.LIMIT, ZERO, price_ticks, quantity_lots)
    if reason != 0:
        return reason
    if leaves_lots <= 0:
        return codes.QUANTITY_BELOW_FILLED
    reason = refuse_notional(instrument, side, codes.LIMIT, price_ticks, quantity_lots)
    if reason != 0 or keeps_place != 0:
        return reason
    may_not_take, reduces = word(order.flags) & 1, ZERO
    if order.flags & SPECIAL != 0:
        terms = terms_of(state, header, slot)
        may_not_take |= word(terms.role == ALTERNATIVE and terms.group_next >= 0)
        reduces = word(terms.reduce_only)
    reason = refuse_price(instrument, side, codes.LIMIT, price_ticks, may_not_take)
    if reason != 0:
        return reason
    if reduces != 0 and position.reduce_only_lots - old_leaves + leaves_lots > reducible(position, side):
        return codes.REDUCE_ONLY
    valuation = limit_valuation_ticks(instrument, side, price_ticks)
    index = word(order.instrument)
    reason = refuse_exposure(
        state, header, word(order.account), index, instrument, position, side, leaves_lots, valuation,
        old_leaves, order.price_ticks,
    )  # fmt: skip
    if reason != 0:
        return reason
    fit = make_price_fit(state, header, index, instrument, price_ticks)
    if fit == NEEDS_GROWTH:
        return -NEED_LADDER
    return ZERO if fit == IN_LADDER else codes.PRICE_OUT_OF_RANGE


@inlined
def _judge_change(
    state: State, header: Any, slot: int, instrument: Any, position: Any, price_ticks: int,
    quantity_lots: int, trigger_ticks: int, keeps_place: int,
) -> int:  # fmt: skip
    """Return why an order cannot be changed so, 0 if it can, or minus a NEED status."""
    order, terms = order_at(state.orders, slot), terms_of(state, header, slot)
    if order.flags & SPECIAL != 0:
        lots = max(quantity_lots, ZERO)
        reason = refuse_display(codes.LIMIT, codes.GTC, _new_display(terms, lots), lots)
        if reason != 0:
            return reason
    if order.flags & WAITING != 0:
        return _judge_waiting(instrument, order, terms, price_ticks, quantity_lots, trigger_ticks)
    return _judge_resting(
        state, header, slot, instrument, position, price_ticks, quantity_lots, trigger_ticks, keeps_place
    )


@compiled
def _change(
    state: State, header: Any, ts_ns: int, slot: int, price_ticks: int, quantity_lots: int,
    leaves_lots: int, keeps_place: int,
) -> None:  # fmt: skip
    """Change a resting order that was judged."""
    order = order_at(state.orders, slot)
    if keeps_place != 0:
        lower(state, header, slot, order.quantity_lots - quantity_lots)
    else:
        take_from_queue(state, header, slot)
    if order.flags & SPECIAL != 0:
        terms = terms_of(state, header, slot)
        terms.display_lots = _new_display(terms, quantity_lots)
    if keeps_place == 0:
        order.price_ticks = price_ticks
        order.quantity_lots = quantity_lots
        order.leaves_lots = leaves_lots
        order.flags = order.flags | FLYING
        act(state, header, ts_ns, slot, codes.LIMIT, codes.GTC)


@compiled
def change_special(
    state: State,
    header: Any,
    ts_ns: int,
    slot: int,
    order: Any,
    instrument: Any,
    position: Any,
    price_ticks: int,
    quantity_lots: int,
    trigger_ticks: int,
) -> int:
    """Change the order in `slot`, for which state, rate and ring have been looked at; return a status."""
    account, index = word(order.account), word(order.instrument)
    keeps_place = word(price_ticks == order.price_ticks and quantity_lots < order.quantity_lots)
    verdict = _judge_change(
        state, header, slot, instrument, position, price_ticks, quantity_lots, trigger_ticks, keeps_place
    )
    if verdict < 0:
        return -verdict
    if verdict > 0:
        refuse(
            state, header, ts_ns, codes.MODIFY_REJECTED, verdict, account, index, order.order_id,
            order.client_order_id, price_ticks, quantity_lots,
        )  # fmt: skip
        return DONE
    count_message(state, header, ts_ns, account)
    terms = terms_of(state, header, slot)
    waiting = order.flags & WAITING != 0
    if waiting and not has_limit(word(terms.order_type)):
        price_ticks = ZERO
    leaves_lots = quantity_lots - (order.quantity_lots - total_leaves(state, header, slot, order))
    emit(
        state, header, ts_ns, codes.MODIFIED, word(order.side), account, index, order.order_id,
        order.client_order_id, price_ticks, quantity_lots, leaves_lots, ZERO,
    )  # fmt: skip
    if not waiting:
        _change(state, header, ts_ns, slot, price_ticks, quantity_lots, leaves_lots, keeps_place)
        return DONE
    order.price_ticks = price_ticks
    order.quantity_lots = order.leaves_lots = quantity_lots
    terms.display_lots = _new_display(terms, quantity_lots)
    if trigger_ticks != 0:
        set_trigger(state, header, slot, trigger_ticks)
    return DONE
