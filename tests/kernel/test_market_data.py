"""What the market publishes, against what can be worked out from its trades and its book."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from exchange_sim.kernel.kernel import Kernel
from tests.kernel.worlds import (
    BTC,
    MINUTE,
    NOBODY,
    RICH,
    SECOND,
    START,
    WHOLE,
    flat,
    limit,
    lively,
    market,
    walk,
)

HOUR = 60 * MINUTE
INTERVALS = (SECOND, 5 * SECOND, MINUTE, 5 * MINUTE, HOUR)
SYMBOL = "BTC/USDT:USDT"


def expected_bars(trades: np.ndarray, interval_ns: int, end_ns: int) -> list[tuple[int, ...]]:
    """Return the closed bars that these trades make, in plain Python."""
    bars: list[tuple[int, ...]] = []
    open_ns = START // interval_ns * interval_ns
    close = 0
    while open_ns + interval_ns < end_ns:
        inside = trades[(trades["ts_ns"] >= open_ns) & (trades["ts_ns"] < open_ns + interval_ns)]
        if len(inside):
            prices = inside["price_ticks"].tolist()
            close = prices[-1]
            volume = int(inside["quantity_lots"].sum())
            bars.append((open_ns, prices[0], max(prices), min(prices), close, volume, len(inside)))
        elif close:
            bars.append((open_ns, close, close, close, close, 0, 0))
        open_ns += interval_ns
    return bars


def test_bars_of_all_intervals_are_those_of_the_trades() -> None:
    kernel = Kernel([BTC], walk(2 * 3600 + 1), lively(0.05), seed=1)
    kernel.listen(0, trades=True, bars=INTERVALS)
    kernel.advance(kernel.path.end_ns, WHOLE)
    trades, bars = kernel.take_trades(), kernel.take_bars()
    assert len(trades) > 1_000
    fields = ["ts_open_ns", "open_ticks", "high_ticks", "low_ticks", "close_ticks", "volume_lots", "trades"]
    for interval_ns in INTERVALS:
        made = bars[bars["interval_ns"] == interval_ns]
        expected = expected_bars(trades, interval_ns, kernel.path.end_ns)
        assert [tuple(row) for row in made[fields].tolist()] == expected
    assert (np.diff(bars["ts_open_ns"] + bars["interval_ns"]) >= 0).all()


def test_a_trade_on_the_boundary_belongs_to_the_next_bar() -> None:
    kernel = Kernel([BTC], flat(10), NOBODY, [("maker", RICH), ("taker", RICH)], seed=1)
    kernel.listen(0, bars=(SECOND,))
    kernel.push(limit(kernel, "maker", START + 1, 1, 1_000_000, 9))
    kernel.push(market(kernel, "taker", START + SECOND - 1, 0, 2))
    kernel.push(market(kernel, "taker", START + SECOND, 0, 3))
    kernel.advance(START + 3 * SECOND + 1, WHOLE)
    bars = kernel.take_bars()
    assert (bars["ts_open_ns"] - START).tolist() == [0, SECOND, 2 * SECOND]
    assert bars["volume_lots"].tolist() == [2, 3, 0]
    assert bars["trades"].tolist() == [1, 1, 0]
    assert bars["close_ticks"].tolist() == [1_000_000] * 3


def test_there_is_no_bar_before_the_first_trade() -> None:
    kernel = Kernel([BTC], flat(10), NOBODY, seed=1)
    kernel.listen(0, bars=(SECOND,))
    kernel.advance(kernel.path.end_ns, WHOLE)
    assert len(kernel.take_bars()) == 0


def test_snapshots_show_the_book_before_anything_of_the_same_instant() -> None:
    kernel = Kernel([BTC], flat(10), NOBODY, [("one", RICH)], seed=1, snapshot_depth=3)
    kernel.listen(0, snapshots=(SECOND,))
    for number in range(5):
        kernel.push(limit(kernel, "one", START + SECOND - 10, 0, 999_990 - 1000 * number, number + 1))
    kernel.push(limit(kernel, "one", START + SECOND, 1, 1_000_010, 7))
    kernel.advance(START + 2 * SECOND + 1, WHOLE)
    first, second = kernel.take_snapshots()
    best = [[999_990, 1], [998_990, 2], [997_990, 3]]
    assert first["bids"].tolist() == second["bids"].tolist() == best
    assert first["asks"].tolist() == [[0, 0]] * 3
    assert second["asks"].tolist() == [[1_000_010, 7], [0, 0], [0, 0]]
    assert first["ts_ns"] == START + SECOND
    assert first["interval_ns"] == SECOND


def test_snapshots_agree_with_the_exchange() -> None:
    kernel = Kernel([BTC], walk(30), lively(), seed=1, snapshot_depth=5)
    kernel.listen(0, snapshots=(3 * SECOND,))
    for tenth in range(1, 10):
        ts_ns = START + tenth * 3 * SECOND
        kernel.advance(ts_ns, WHOLE)
        depth = kernel.exchange.depth(SYMBOL, 5)
        kernel.advance(ts_ns + 1, WHOLE)
        (row,) = kernel.take_snapshots()
        assert [tuple(pair) for pair in row["bids"].tolist() if pair[0]] == list(depth.bids)
        assert [tuple(pair) for pair in row["asks"].tolist() if pair[0]] == list(depth.asks)


def test_quotes_change_with_every_row_and_end_at_the_exchange() -> None:
    kernel = Kernel([BTC], walk(60), lively(), seed=1)
    kernel.listen(0, quotes=True)
    kernel.advance(kernel.path.end_ns, WHOLE)
    quotes = kernel.take_quotes()
    fields = ["bid_ticks", "bid_lots", "ask_ticks", "ask_lots"]
    rows = quotes[fields].tolist()
    assert len(rows) > 50
    assert all(one != other for one, other in pairwise(rows))
    last = kernel.exchange.quote(SYMBOL)
    assert rows[-1] == (last.bid_ticks, last.bid_lots, last.ask_ticks, last.ask_lots)
    both = quotes[(quotes["bid_ticks"] > 0) & (quotes["ask_ticks"] > 0)]
    assert (both["bid_ticks"] < both["ask_ticks"]).all()


def test_samples_hold_spread_volume_and_depth() -> None:
    kernel = Kernel([BTC], walk(60), lively(), seed=1, sample_interval_ns=5 * SECOND)
    kernel.listen(0, quotes=True, trades=True)
    kernel.advance(kernel.path.end_ns, WHOLE)
    quotes, trades, samples = kernel.take_quotes(), kernel.take_trades(), kernel.take_samples()
    assert (samples["ts_ns"] - START).tolist() == [5 * SECOND * each for each in range(1, 12)]
    for before, sample in pairwise(samples):
        inside = (trades["ts_ns"] >= before["ts_ns"]) & (trades["ts_ns"] < sample["ts_ns"])
        assert trades["quantity_lots"][inside].sum() == sample["volume_lots"]
        times = np.arange(before["ts_ns"], sample["ts_ns"], 1_000_000)
        held = quotes[np.searchsorted(quotes["ts_ns"], times, side="right") - 1]
        two_sided = held[(held["bid_ticks"] > 0) & (held["ask_ticks"] > 0)]
        bid, ask = two_sided["bid_ticks"], two_sided["ask_ticks"]
        spread = (2e4 * (ask - bid) / (ask + bid)).mean()
        assert sample["spread_bps"] == pytest.approx(spread, rel=0.05)
    last = samples[-1]
    kernel_depth = Kernel([BTC], walk(60), lively(), seed=1)
    kernel_depth.advance(int(last["ts_ns"]), WHOLE)
    depth = kernel_depth.exchange.depth(SYMBOL, 10)
    assert last["bid_depth_lots"] == sum(lots for _, lots in depth.bids)
    assert last["ask_depth_lots"] == sum(lots for _, lots in depth.asks)
    assert last["bid_ticks"] == depth.bids[0][0]


def test_appointments_asked_for_twice_are_kept_once() -> None:
    kernel = Kernel([BTC], flat(10), NOBODY, seed=1)
    kernel.listen(0, snapshots=(SECOND,))
    kernel.listen(0, snapshots=(SECOND, 2 * SECOND))
    kernel.advance(START + 2 * SECOND + 1, WHOLE)
    rows = kernel.take_snapshots()
    assert rows["interval_ns"].tolist() == [SECOND, SECOND, 2 * SECOND]
