"""Which bars of the past a strategy gets."""

from __future__ import annotations

import pytest

from actors.testing.stage import SECOND_NS, Player, Stage
from actors.warmup import warmup_bars
from exchange_sim.model.ids import InstrumentId
from exchange_sim.model.market import Bar
from strategies.api import bars
from tests.order_path.bots import Listener

SYMBOL = InstrumentId("BTC/USDT:USDT")
MINUTE = 60 * SECOND_NS


def past(interval_ns: int, count: int) -> tuple[Bar, ...]:
    return tuple(
        Bar(
            SYMBOL,
            -n * interval_ns,
            -n * interval_ns,
            interval_ns,
            -(n + 1) * interval_ns,
            1,
            1,
            1,
            n + 1,
            1,
            1,
        )
        for n in reversed(range(count))
    )


@pytest.mark.parametrize(
    ("there", "asked", "wanted", "got"),
    [
        ({MINUTE: 50}, MINUTE, 20, (MINUTE, 20)),
        ({MINUTE: 50, SECOND_NS: 900}, MINUTE, 20, (MINUTE, 20)),
        ({MINUTE: 10, SECOND_NS: 600}, MINUTE, 20, (SECOND_NS, 20)),
        ({MINUTE: 10, 5 * SECOND_NS: 120, SECOND_NS: 600}, MINUTE, 20, (5 * SECOND_NS, 20)),
        ({MINUTE: 3, SECOND_NS: 15}, MINUTE, 20, (SECOND_NS, 15)),
        ({MINUTE: 3, SECOND_NS: 3}, MINUTE, 20, (MINUTE, 3)),
        ({60 * MINUTE: 99}, MINUTE, 20, None),
        ({MINUTE: 0}, MINUTE, 20, None),
    ],
)
def test_warm_up_falls_back_to_shorter_bars(
    there: dict[int, int], asked: int, wanted: int, got: tuple[int, int] | None
) -> None:
    history = {(SYMBOL, interval): past(interval, count) for interval, count in there.items()}
    found = warmup_bars(history, bars(SYMBOL, asked, warmup=wanted))
    if got is None:
        assert found == ()
        return
    assert ({bar.interval_ns for bar in found}, len(found)) == ({got[0]}, got[1])
    assert [bar.ts_exchange_ns for bar in found] == sorted(bar.ts_exchange_ns for bar in found)
    assert found[-1].ts_exchange_ns == 0


def test_history_comes_before_the_start_and_gives_a_last_price() -> None:
    listener = Listener()
    stage = Stage([Player("bot", listener)], duration_ns=SECOND_NS)
    stage.play({(SYMBOL, SECOND_NS): past(SECOND_NS, 9)})
    assert [len(each) for each in listener.history] == [3]
    assert stage.hosts[0].host.context.last_ticks(SYMBOL) == 1
