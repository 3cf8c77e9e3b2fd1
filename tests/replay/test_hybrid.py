"""Recorded depth as background: the book is the record without bots, moves with them and comes back."""

from __future__ import annotations

import numpy as np
import pytest

from exchange_sim.kernel.kernel import Kernel
from exchange_sim.kernel.path import MarketPath
from exchange_sim.model.enums import EventKind
from exchange_sim.population.species import Population
from exchange_sim.replay.depth.layout import CLEAR_FLAG, LAST_FLAG, ROW, TRADE_FLAG
from exchange_sim.replay.depth.record import Record
from exchange_sim.replay.hybrid.depth import TAKER, GridDepth, grid_depth
from exchange_sim.replay.hybrid.feed import HistoryFeed
from exchange_sim.replay.hybrid.impact import Impact
from tests.kernel.worlds import limit, market
from tests.replay.order_worlds import BTC, BUY, SECOND, SELL, START

STEP = SECOND // 10
WHOLE = 10**15
NO_IMPACT = Impact(0.0, 0.5, SECOND, 1.0, 1.0)
TEN_TICKS = Impact(1.0, 0.5, SECOND, 0.001, 100.0)
"""A thousandth of 10,000 ticks for 100 lots, half of the flow forgotten in a second."""


def _depth(points: int = 100) -> GridDepth:
    """Two levels a side around 10,000; from point 5 on the best ask has more, the best bid is gone."""
    levels = np.zeros((points, 2, 2, 2), np.int64)
    levels[:, BUY] = [(9_999, 50), (9_998, 70)]
    levels[:, SELL] = [(10_001, 50), (10_002, 70)]
    levels[5:, BUY] = [(9_998, 70), (0, 0)]
    levels[5:, SELL] = [(10_001, 80), (10_002, 70)]
    takers = np.array([(START + 250_000_000, 10_001, 20, BUY)], TAKER)
    return GridDepth(START, STEP, levels, takers)


def _market(impact: Impact) -> Kernel:
    path = MarketPath.constant(START, 60 * SECOND, [10_000.0])
    return Kernel(
        (BTC,),
        path,
        Population(groups=()),
        [("bot", 10**15)],
        seed=1,
        feeds=(HistoryFeed(_depth(), BTC, impact),),
    )


def _run(kernel: Kernel, seconds: float, window_ns: int = WHOLE) -> None:
    until = START + int(seconds * SECOND)
    while kernel.now_ns < until:
        kernel.advance(until, window_ns)


def _book(kernel: Kernel) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    depth = kernel.exchange.depth("BTC/USD:USD", 10)
    return list(depth.bids), list(depth.asks)


def test_without_bots_the_book_is_the_record_and_its_takers_trade() -> None:
    kernel = _market(NO_IMPACT)
    _run(kernel, 0.25)
    assert _book(kernel) == ([(9_999, 50), (9_998, 70)], [(10_001, 50), (10_002, 70)])
    _run(kernel, 0.3)
    assert _book(kernel)[1] == [(10_001, 30), (10_002, 70)]
    assert kernel.traded(0) == (20, 1)
    _run(kernel, 0.35)
    assert _book(kernel)[1] == [(10_001, 50), (10_002, 70)]  # what was taken is there again
    _run(kernel, 0.55)
    assert _book(kernel) == ([(9_998, 70)], [(10_001, 80), (10_002, 70)])
    kernel.exchange.check_conservation()


def test_what_a_bot_bought_moves_the_record_and_is_forgotten() -> None:
    kernel = _market(TEN_TICKS)
    kernel.push(market(kernel, "bot", START + 50_000_000, BUY, 100, client=7))
    _run(kernel, 0.1)
    assert _book(kernel) == ([(9_999, 50), (9_998, 70)], [(10_002, 20)])  # 50 and 50 lots were there
    _run(kernel, 0.15)
    assert _book(kernel) == ([(10_009, 50), (10_008, 70)], [(10_011, 50), (10_012, 70)])
    _run(kernel, 2.15)
    assert _book(kernel)[1][0] == (10_006, 80)  # two half-lives: half the impact
    _run(kernel, 8.15)
    assert _book(kernel)[1][0] == (10_002, 80)  # rounded up as long as there is any
    kernel.push(market(kernel, "bot", START + 8_150_000_000, SELL, 100, client=8))
    _run(kernel, 8.25)
    assert _book(kernel)[1][0][0] < 10_001  # and the other way


def test_a_bot_in_front_is_traded_with_first_and_keeps_its_place_behind() -> None:
    kernel = _market(NO_IMPACT)
    kernel.push(limit(kernel, "bot", START + 150_000_000, SELL, 10_000, 15, client=7))
    kernel.push(limit(kernel, "bot", START + 150_000_001, SELL, 10_001, 9, client=8))
    _run(kernel, 0.3)
    events = kernel.take_order_events()
    fills = events[events["kind"] == EventKind.FILLED]
    assert [(int(r["client_order_id"]), int(r["quantity_lots"])) for r in fills] == [(7, 15)]
    queue = [
        (o.account_id, o.leaves_lots) for o in kernel.exchange.queue("BTC/USD:USD") if o.price_ticks == 10_001
    ]
    assert queue == [("history/0", 45), ("bot", 9)]  # the taker's other 5 came from who was there before
    _run(kernel, 0.35)
    queue = [
        (o.account_id, o.leaves_lots) for o in kernel.exchange.queue("BTC/USD:USD") if o.price_ticks == 10_001
    ]
    assert queue == [("history/0", 45), ("bot", 9), ("history/0", 5)]


@pytest.mark.parametrize("window_ns", [7_000_000, 130_000_000])
def test_windows_change_nothing(window_ns: int) -> None:
    digests = []
    for width in (WHOLE, window_ns):
        kernel = _market(TEN_TICKS)
        kernel.push(market(kernel, "bot", START + 50_000_000, BUY, 100, client=7))
        _run(kernel, 3, width)
        digests.append(kernel.market_digest())
    assert digests[0] == digests[1]


@pytest.mark.parametrize("stops", [(), (0.11, 0.15, 0.173, 1.0301, 2.0)], ids=["at once", "in pieces"])
@pytest.mark.parametrize("saved", [False, True], ids=["straight", "saved"])
def test_neither_stops_nor_saving_between_two_steps_change_anything(
    *, stops: tuple[float, ...], saved: bool
) -> None:
    whole, kernel = _market(TEN_TICKS), _market(TEN_TICKS)
    for each in (whole, kernel):
        # it empties the best level between two steps: who looked then would fill it up too early
        each.push(market(each, "bot", START + 150_000_000, BUY, 50, client=7))
    _run(whole, 3)
    for stop in (*stops, 3.0):
        _run(kernel, stop)
        if saved:
            kernel = Kernel.restore(kernel.snapshot(), (HistoryFeed(_depth(), BTC, TEN_TICKS),))
    assert kernel.market_digest() == whole.market_digest()


def test_grid_of_a_record() -> None:
    rows = np.array(
        [
            (START, 50, 1, 0, BUY, CLEAR_FLAG),
            (START, 60, 2, 0, SELL, LAST_FLAG),
            (START + STEP - 1, 5, 2, 0, BUY, TRADE_FLAG),
            (START + STEP - 1, 6, 3, 0, BUY, TRADE_FLAG),
            (START + STEP, 0, 1, 0, BUY, 0),
            (START + STEP, 40, 0, 0, BUY, LAST_FLAG),
            (START + 3 * STEP, 7, 3, 0, SELL, LAST_FLAG),
        ],
        ROW,
    )
    record = Record(BTC, rows, np.array([9, 10, 12, 13]), START, START + 3 * STEP)
    depth = grid_depth(record, START, START + 4 * STEP, STEP, 2)
    assert depth.levels[:, BUY, 0].tolist() == [[10, 50], [9, 40], [9, 40], [9, 40], [9, 40]]
    assert depth.levels[:, SELL, 1].tolist() == [[0, 0], [0, 0], [0, 0], [13, 7], [13, 7]]
    assert depth.mids().tolist() == [11.0, 10.5, 10.5, 10.5, 10.5]
    assert depth.takers.tolist() == [(START + STEP - 1, 13, 11, BUY)]
