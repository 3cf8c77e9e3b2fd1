"""The exchange is down: nothing is accepted, announced or not, and what rests is kept or canceled."""

from __future__ import annotations

from typing import Any

import pytest

from actors.testing.stage import SECOND_NS, Player, Stage
from exchange_sim.kernel.operator import Halt
from exchange_sim.markets.build import build_market
from exchange_sim.markets.outages import OutageSpec
from exchange_sim.markets.spec import SyntheticMarket
from exchange_sim.model.enums import Reason, Side
from exchange_sim.model.events import OrderRejected
from tests.order_path.bots import MID, MS, Scripted, Wall
from tests.order_path.test_faults import check_books

FAR = MID - 1_000


def rest(bot: Any, ctx: Any) -> None:
    ctx.submit_limit(bot.symbol, Side.BUY, 5, FAR)


def play(outage: OutageSpec, *acts: Any) -> tuple[Scripted, Stage]:
    bot = Scripted(*acts)
    stage = Stage([Player("bot", bot), Player("wall", Wall())], duration_ns=6 * SECOND_NS, outages=[outage])
    stage.play()
    check_books(stage)
    return bot, stage


def test_in_maintenance_commands_are_refused_with_a_reason_and_orders_stay() -> None:
    outage = OutageSpec(after="1s", duration="1s")
    bot, stage = play(
        outage,
        (100, rest),
        (994, rest),  # arrives before the exchange closes
        (995, rest),  # arrives as it closes
        (1_500, lambda b, c: c.cancel(1)),
        (1_994, rest),
        (1_995, rest),  # arrives as it opens
        (3_000, lambda b, c: c.cancel(1)),
    )
    refused = {each.client_order_id: each for each in bot.heard if isinstance(each, OrderRejected)}
    assert sorted(refused) == [3, 4]
    assert {each.reason for each in refused.values()} == {Reason.INSTRUMENT_HALTED}
    assert refused[3].ts_received_ns == 1_005 * MS  # the refusal comes back
    assert bot.kinds.count("CancelRejected") == bot.kinds.count("OrderCanceled") == 1
    assert [each.client_order_id for each in stage.kernel.exchange.open_orders("bot")] == [2, 5]


def test_resting_orders_can_be_canceled_before_it() -> None:
    outage = OutageSpec(after="1s", duration="1s", resting="cancel")  # type: ignore[arg-type]
    bot, stage = play(outage, (100, rest), (200, rest))
    assert bot.kinds == ["OrderAccepted"] * 2 + ["OrderCanceled"] * 2
    assert {each.ts_exchange_ns for each in bot.heard[2:]} == {SECOND_NS}
    assert stage.kernel.exchange.open_order_count == 0  # the wall's too


def test_without_announcement_commands_vanish_and_nothing_is_heard_until_it_is_over() -> None:
    outage = OutageSpec(after="1s", duration="2s", announced=False, resting="cancel")  # type: ignore[arg-type]
    bot, _ = play(outage, (100, rest), (1_100, rest))
    lost = [each for each in bot.heard if isinstance(each, OrderRejected)]
    assert [(each.client_order_id, each.reason) for each in lost] == [(2, Reason.NOT_RECEIVED)]
    assert bot.kinds == ["OrderAccepted", "OrderCanceled", "OrderRejected"]
    assert all(now_ns >= 3 * SECOND_NS for now_ns in bot.times[1:])


def test_a_lively_market_stands_still_and_goes_on() -> None:
    market = build_market(SyntheticMarket(volume_scale=0.5, history="1h"), 30 * SECOND_NS, 1)
    outage = OutageSpec(after="10s", duration="5s")
    stage = Stage([Player("wall", Wall())], market, duration_ns=30 * SECOND_NS, outages=[outage])
    stage.kernel.listen(0, trades=True)
    times: list[int] = []
    end_ns = market.start_ns + 30 * SECOND_NS
    while stage.kernel.now_ns < end_ns:
        stage.kernel.advance(end_ns, SECOND_NS)
        times += [
            (each - market.start_ns) // SECOND_NS for each in stage.kernel.take_trades()["ts_ns"].tolist()
        ]
    assert {10, 11, 12, 13, 14} & set(times) == set()
    assert {8, 9} <= set(times)
    assert len({15, 16, 17, 18, 19, 20} & set(times)) > 3


def test_outages_are_checked() -> None:
    late = OutageSpec(after="5s", duration="10s")
    with pytest.raises(
        ValueError, match=r"outages\[1\].after: expected more than the end of the one before \(15s\)"
    ):
        SyntheticMarket(outages=(late, OutageSpec(after="15s", duration="1s")))
    with pytest.raises(ValueError, match="to_ns: expected more than from_ns"):
        Halt(5, 5)
