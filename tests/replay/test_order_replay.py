"""Bots inside a replayed order stream: known answers."""

from __future__ import annotations

import numpy as np

from exchange_sim.kernel.kernel import Kernel
from exchange_sim.model.enums import EventKind
from exchange_sim.replay.orders.recording import Action, OrderRecording
from tests.kernel.worlds import limit
from tests.replay.order_worlds import BUY, SECOND, SELL, START, kernel_of, recording

WHOLE = 10**15


def _taken_at_three() -> OrderRecording:
    """Buy 3 takes 5 lots from sell 2 at 100 after three seconds, sell 1 waits at 101."""
    return recording(
        [(1, 101, 10, SELL)],
        [
            (1.0, 2, 100, 5, Action.ADD, SELL),
            (3.0, 3, 100, 5, Action.ADD, BUY),
            (3.1, 2, 0, 0, Action.END, SELL),
            (3.1, 3, 0, 0, Action.END, BUY),
            (9.0, 1, 0, 0, Action.END, SELL),
        ],
    )


def _fills(rows: np.ndarray) -> list[tuple[int, int, int]]:
    """Return (client order id, ticks, lots) of the fills among a bot's events."""
    fills = rows[rows["kind"] == EventKind.FILLED]
    return [(int(r["client_order_id"]), int(r["price_ticks"]), int(r["quantity_lots"])) for r in fills]


def _book(kernel: Kernel) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    depth = kernel.exchange.depth("BTC/USD:USD", 10)
    return list(depth.bids), list(depth.asks)


def _run(kernel: Kernel, seconds: float) -> None:
    until = START + int(seconds * SECOND)
    while kernel.now_ns < until:
        kernel.advance(until, WHOLE)


def test_without_bots_the_record_happens() -> None:
    kernel = kernel_of(_taken_at_three())
    _run(kernel, 2)
    assert _book(kernel) == ([], [(100, 5), (101, 10)])
    _run(kernel, 3.05)
    assert _book(kernel) == ([], [(101, 10)])
    assert kernel.traded(0) == (5, 1)
    _run(kernel, 10)
    assert _book(kernel) == ([], [])
    assert kernel.counters.refusals == 2  # the ends of the two filled orders


def test_a_bot_ahead_in_the_queue_gets_the_recorded_takers_fill() -> None:
    kernel = kernel_of(_taken_at_three(), ["bot"])
    kernel.push(limit(kernel, "bot", START + SECOND // 2, SELL, 100, 5, client=7))
    _run(kernel, 3.05)
    assert _fills(kernel.take_order_events()) == [(7, 100, 5)]
    assert _book(kernel) == ([], [(100, 5), (101, 10)])  # sell 2 was not reached
    _run(kernel, 4)
    assert _book(kernel) == ([], [(101, 10)])  # and ends when it ended


def test_a_bot_behind_in_the_queue_gets_nothing() -> None:
    kernel = kernel_of(_taken_at_three(), ["bot"])
    kernel.push(limit(kernel, "bot", START + 2 * SECOND, SELL, 100, 5, client=7))
    _run(kernel, 4)
    assert _fills(kernel.take_order_events()) == []
    assert _book(kernel) == ([], [(100, 5), (101, 10)])


def test_what_a_bot_took_is_gone_and_the_later_cancel_is_absorbed() -> None:
    kernel = kernel_of(_taken_at_three(), ["bot"])
    kernel.push(limit(kernel, "bot", START + 2 * SECOND, BUY, 100, 5, client=7))
    kernel.push(limit(kernel, "bot", START + 5 * SECOND, BUY, 101, 4, client=8))
    _run(kernel, 3.05)
    assert _fills(kernel.take_order_events()) == [(7, 100, 5)]
    assert _book(kernel) == ([(100, 5)], [(101, 10)])  # the recorded taker finds nothing and rests
    _run(kernel, 6)
    assert _fills(kernel.take_order_events()) == [(8, 101, 4)]
    assert _book(kernel) == ([], [(101, 6)])
    _run(kernel, 10)
    assert _book(kernel) == ([], [])
    assert kernel.counters.refusals == 1  # the end of sell 2, which the bot had bought
    kernel.exchange.check_conservation()


def test_a_recorded_part_cancel_and_a_new_price_reach_what_is_left() -> None:
    made = recording(
        [(1, 100, 10, SELL), (2, 100, 10, SELL)],
        [(2.0, 1, 100, 6, Action.REDUCE, SELL), (4.0, 1, 99, 6, Action.REPRICE, SELL)],
    )
    kernel = kernel_of(made, ["bot"])
    kernel.push(limit(kernel, "bot", START + SECOND, BUY, 100, 3, client=7))
    _run(kernel, 3)
    assert _book(kernel)[1] == [(100, 13)]  # 6 in all, 3 of them sold
    _run(kernel, 5)
    assert _book(kernel)[1] == [(99, 3), (100, 10)]


def test_takers_that_are_not_recorded_take_what_is_best_now() -> None:
    made = recording(
        [(1, 100, 10, SELL)],
        [(2.0, 1, 100, 4, Action.TAKE, SELL), (3.0, 0, 98, 7, Action.TAKE_HIDDEN, SELL)],
    )
    kernel = kernel_of(made, ["bot"])
    kernel.push(limit(kernel, "bot", START + SECOND, SELL, 99, 3, client=7))
    _run(kernel, 2.5)
    assert _fills(kernel.take_order_events()) == [(7, 99, 3)]  # better than what was recorded
    assert _book(kernel)[1] == [(100, 9)]
    _run(kernel, 4)
    assert kernel.traded(0) == (11, 3)  # the hidden order was never shown and is gone
    assert _book(kernel)[1] == [(100, 9)]


def test_only_the_bots_events_are_handed_out_and_windows_change_nothing() -> None:
    digests = []
    for step in (1, 40):
        kernel = kernel_of(_taken_at_three(), ["bot"])
        kernel.push(limit(kernel, "bot", START + SECOND // 2, SELL, 100, 2, client=7))
        for number in range(step):
            _run(kernel, 10 * (number + 1) / step)
        assert {int(row["account"]) for row in kernel.take_order_events()} == {kernel.account_index("bot")}
        digests.append(kernel.market_digest())
    assert digests[0] == digests[1]
