"""What the gate lets through, and what not."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from actors.gate import RiskApproved, RiskGate
from actors.portfolio import Portfolio
from actors.risk import RiskLimits, RiskState
from actors.testing.stage import BTC
from actors.tracker import OrderTracker
from exchange_sim.model.commands import (
    CancelAll,
    CancelOrder,
    ModifyOrder,
    MoveMargin,
    ReplaceOrder,
    SetLeverage,
    SetMarginMode,
    SubmitOrder,
)
from exchange_sim.model.enums import Liquidity, MarginMode, OrderType, Reason, Side, TimeInForce
from exchange_sim.model.events import OrderAccepted, OrderFilled
from exchange_sim.model.ids import AssetId
from exchange_sim.ports import Capabilities

SYMBOL = BTC.instrument_id
SECOND = 1_000_000_000
DAY = 86_400 * SECOND


class Bench:
    """A gate over real books; one lot at 600,000 ticks is worth 60."""

    def __init__(self, mark: int = 600_000, **limits: Any) -> None:
        self.mark = mark
        self.portfolio = Portfolio([BTC], {AssetId("USDT"): 10_000 * 10**8}, lambda _: 2 * self.mark)
        self.tracker = OrderTracker([SYMBOL])
        self.gate = RiskGate(RiskLimits(**limits), self.portfolio, self.tracker)
        self.number = 0

    def submit(self, lots: int, side: Side = Side.BUY, price: int = 0, now_ns: int = 0) -> Reason:
        self.number += 1
        kind = OrderType.LIMIT if price else OrderType.MARKET
        order = SubmitOrder("a", SYMBOL, self.number, side, kind, TimeInForce.GTC, lots, price)  # type: ignore[arg-type]
        verdict = self.gate.submit(order, now_ns)
        if isinstance(verdict, RiskApproved):
            self.tracker.submit(order)
            return Reason.NONE
        return verdict

    def trade(self, lots: int, side: Side = Side.BUY, price: int = 600_000) -> None:
        self.portfolio.fill(
            OrderFilled("a", SYMBOL, 1, 0, 0, 1, 1, side, price, lots, 0, 0, Liquidity.TAKER)  # type: ignore[arg-type]
        )


def test_only_the_gate_makes_approved_commands() -> None:
    command = CancelAll("a")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="RiskGate"):
        RiskApproved(command, 0, object())  # type: ignore[arg-type]


def test_nothing_is_limited_by_default_but_nonsense() -> None:
    bench = Bench()
    assert bench.submit(10**6) is Reason.NONE
    assert bench.submit(0) is Reason.RISK_INVALID_ORDER
    assert bench.submit(-1) is Reason.RISK_INVALID_ORDER
    assert bench.submit(1, price=-5) is Reason.RISK_INVALID_ORDER


@pytest.mark.parametrize(
    ("limits", "lots", "price", "reason"),
    [
        ({"order_notional": Decimal(600)}, 10, 0, Reason.NONE),
        ({"order_notional": Decimal(600)}, 11, 0, Reason.RISK_ORDER_NOTIONAL),
        ({"order_notional": Decimal(600)}, 11, 500_000, Reason.NONE),
        ({"position_notional": Decimal(600)}, 10, 0, Reason.NONE),
        ({"position_notional": Decimal(600)}, 11, 0, Reason.RISK_POSITION_NOTIONAL),
        ({"gross_notional": Decimal(600)}, 11, 0, Reason.RISK_GROSS_NOTIONAL),
        ({"leverage": 2.0}, 333, 0, Reason.NONE),
        ({"leverage": 2.0}, 334, 0, Reason.RISK_LEVERAGE),
        ({"price_band_bps": 10.0}, 1, 600_600, Reason.NONE),
        ({"price_band_bps": 10.0}, 1, 600_601, Reason.RISK_PRICE_BAND),
        ({"price_band_bps": 10.0}, 1, 1, Reason.NONE),
    ],
)
def test_sizes_and_prices(limits: dict[str, Any], lots: int, price: int, reason: Reason) -> None:
    assert Bench(**limits).submit(lots, price=price) is reason


@pytest.mark.parametrize(
    "limits", [{"order_notional": Decimal(1)}, {"leverage": 1.0}, {"price_band_bps": 1.0}]
)
def test_without_a_price_nothing_can_be_valued(limits: dict[str, Any]) -> None:
    price = 600_000 if "price_band_bps" in limits else 0
    assert Bench(mark=0, **limits).submit(1, price=price) is Reason.RISK_NO_REFERENCE_PRICE


def test_open_orders_count_towards_the_position() -> None:
    bench = Bench(position_notional=Decimal(600))
    assert bench.submit(6, price=600_000) is Reason.NONE
    assert bench.submit(5, price=600_000) is Reason.RISK_POSITION_NOTIONAL
    assert bench.submit(10, Side.SELL) is Reason.NONE  # the other side is counted for itself


def test_a_position_beyond_its_limit_can_always_be_reduced() -> None:
    bench = Bench(position_notional=Decimal(600), leverage=0.01)
    bench.trade(100)
    assert bench.submit(1) is Reason.RISK_POSITION_NOTIONAL
    assert bench.submit(100, Side.SELL) is Reason.NONE


def test_open_orders_and_rate() -> None:
    bench = Bench(open_orders=2)
    assert [bench.submit(1) for _ in range(3)] == [Reason.NONE, Reason.NONE, Reason.RISK_OPEN_ORDERS]
    bench = Bench(orders_per_second=2)
    times = [0, 10, 20, SECOND - 1, SECOND, SECOND + 9, SECOND + 10]
    verdicts = [bench.submit(1, now_ns=time) for time in times]
    passed = [time for time, verdict in zip(times, verdicts, strict=True) if verdict is Reason.NONE]
    assert passed == [0, 10, SECOND, SECOND + 10]


def test_modifications_are_held_to_the_limits_for_what_they_add() -> None:
    bench = Bench(position_notional=Decimal(600), price_band_bps=10.0)
    bench.submit(8, price=600_000)
    bench.tracker.handle(OrderAccepted("a", SYMBOL, 1, 0, 0, 1, Side.BUY, 600_000, 8))  # type: ignore[arg-type]
    order = bench.tracker.orders[1]  # type: ignore[index]

    def modify(lots: int, price: int) -> Reason:
        verdict = bench.gate.modify(ModifyOrder("a", SYMBOL, 1, lots, price), order, 0)  # type: ignore[arg-type]
        return Reason.NONE if isinstance(verdict, RiskApproved) else verdict

    assert modify(10, 600_000) is Reason.NONE
    assert modify(11, 600_000) is Reason.RISK_POSITION_NOTIONAL
    assert modify(1, 600_000) is Reason.NONE
    assert modify(8, 700_000) is Reason.RISK_PRICE_BAND
    assert modify(0, 600_000) is Reason.RISK_INVALID_ORDER


def test_daily_loss_halts_until_the_next_day_and_cancels_always_pass() -> None:
    bench = Bench(daily_loss=Decimal(100))
    bench.trade(100)
    assert not bench.gate.observe(0)
    bench.mark = 590_001
    assert not bench.gate.observe(1)
    bench.mark = 590_000
    assert bench.gate.observe(2)
    assert not bench.gate.observe(3)
    assert bench.gate.state is RiskState.HALTED
    assert bench.gate.loss_reason is Reason.RISK_DAILY_LOSS
    assert bench.submit(1, Side.SELL) is Reason.RISK_HALTED
    bench.gate.cancel(CancelOrder("a", SYMBOL, 1), 3)  # type: ignore[arg-type]
    bench.gate.cancel_all(CancelAll("a"), 3)  # type: ignore[arg-type]
    bench.gate.observe(DAY)
    assert bench.gate.state is RiskState.ACTIVE
    assert bench.submit(1, Side.SELL) is Reason.NONE


def test_drawdown_counts_from_the_highest_and_stays() -> None:
    bench = Bench(drawdown=0.1, on_loss="reduce")
    bench.trade(100)
    bench.gate.observe(0)
    bench.mark = 700_000  # +1,000 on 10,000
    bench.gate.observe(1)
    bench.mark = 590_000
    assert bench.gate.observe(2)
    assert bench.gate.state is RiskState.REDUCING
    assert bench.submit(1) is Reason.RISK_REDUCING_ONLY
    assert bench.submit(60, Side.SELL) is Reason.NONE
    assert bench.submit(41, Side.SELL) is Reason.RISK_REDUCING_ONLY  # 101 of 100
    assert bench.submit(40, Side.SELL) is Reason.NONE
    bench.mark = 800_000
    bench.gate.observe(DAY)
    assert bench.gate.state is RiskState.REDUCING


@pytest.mark.parametrize("field", ["order_notional", "position_notional", "gross_notional", "daily_loss"])
def test_limits_are_positive(field: str) -> None:
    with pytest.raises(ValueError, match=f"{field}: expected a positive number, was -1"):
        RiskLimits(**{field: Decimal(-1)})


def order(bench: Bench, kind: OrderType, lots: int, side: Side = Side.BUY, **fields: Any) -> Reason:
    """Return what the gate says of an order; it is open then if it passed."""
    bench.number += 3
    command = SubmitOrder("a", SYMBOL, bench.number, side, kind, TimeInForce.GTC, lots, **fields)  # type: ignore[arg-type]
    verdict = bench.gate.submit(command, 0)
    if isinstance(verdict, RiskApproved):
        bench.tracker.submit(command)
        return Reason.NONE
    return verdict


STOP, STOP_LIMIT, TRAIL = OrderType.STOP_MARKET, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP


@pytest.mark.parametrize(
    ("kind", "lots", "fields", "reason"),
    [
        (STOP, 10, {"trigger_ticks": 600_000}, Reason.NONE),
        (STOP, 10, {"trigger_ticks": 600_001}, Reason.RISK_ORDER_NOTIONAL),  # at its trigger
        (STOP_LIMIT, 10, {"trigger_ticks": 700_000, "limit_ticks": 600_000}, Reason.NONE),  # at its limit
        (STOP_LIMIT, 10, {"trigger_ticks": 500_000, "limit_ticks": 600_001}, Reason.RISK_PRICE_BAND),
        (STOP_LIMIT, 10, {"trigger_ticks": 599_900, "limit_ticks": 600_001}, Reason.RISK_ORDER_NOTIONAL),
        (TRAIL, 10, {"trail_ticks": 5}, Reason.NONE),  # at the mark
        (TRAIL, 11, {"trail_ticks": 5}, Reason.RISK_ORDER_NOTIONAL),
        (TRAIL, 1, {"trigger_ticks": 5}, Reason.RISK_INVALID_ORDER),
        (STOP, 1, {}, Reason.RISK_INVALID_ORDER),
        (STOP_LIMIT, 1, {"trigger_ticks": 5}, Reason.RISK_INVALID_ORDER),
        (STOP, 1, {"trigger_ticks": 5, "close_position": True}, Reason.RISK_INVALID_ORDER),
        (STOP, 0, {"trigger_ticks": 600_000, "close_position": True}, Reason.NONE),
    ],
)
def test_trigger_orders_are_valued_as_if_they_had_fired(
    kind: OrderType, lots: int, fields: dict[str, Any], reason: Reason
) -> None:
    bench = Bench(order_notional=Decimal(600), price_band_bps=10.0)
    assert order(bench, kind, lots, **fields) is reason


def test_orders_that_wait_count_towards_the_position_unless_they_can_only_reduce() -> None:
    bench = Bench(position_notional=Decimal(600))
    assert order(bench, STOP, 6, trigger_ticks=600_000) is Reason.NONE
    assert order(bench, STOP, 50, trigger_ticks=600_000, reduce_only=True) is Reason.NONE
    assert bench.submit(5, price=600_000) is Reason.RISK_POSITION_NOTIONAL
    assert bench.submit(4, price=600_000) is Reason.NONE


def test_while_only_reducing_is_allowed_reduce_only_and_close_position_pass() -> None:
    bench = Bench(drawdown=0.1, on_loss="reduce")
    bench.trade(100)
    bench.gate.observe(0)
    bench.mark = 490_000
    assert bench.gate.observe(1)
    assert order(bench, STOP, 101, Side.SELL, trigger_ticks=500_000) is Reason.RISK_REDUCING_ONLY
    assert order(bench, STOP, 101, Side.SELL, trigger_ticks=500_000, reduce_only=True) is Reason.NONE
    assert order(bench, OrderType.MARKET, 0, Side.SELL, close_position=True) is Reason.NONE
    entry = {"stop_loss_ticks": 500_000, "limit_ticks": 570_000}
    assert order(bench, OrderType.LIMIT, 5, **entry) is Reason.RISK_REDUCING_ONLY


def test_a_bracket_needs_room_for_its_exits() -> None:
    bench = Bench(open_orders=3)
    fields = {"limit_ticks": 600_000, "stop_loss_ticks": 500_000, "take_profit_ticks": 700_000}
    assert order(bench, OrderType.LIMIT, 1, **fields) is Reason.NONE
    assert bench.submit(1, price=600_000) is Reason.RISK_OPEN_ORDERS
    bench = Bench(open_orders=2)
    assert order(bench, OrderType.LIMIT, 1, **fields) is Reason.RISK_OPEN_ORDERS


def test_replacing_is_held_to_the_limits_for_what_it_adds() -> None:
    bench = Bench(position_notional=Decimal(600), open_orders=1)
    bench.submit(8, price=600_000)
    replaced = bench.tracker.orders[1]  # type: ignore[index]

    def replace(lots: int, side: Side = Side.BUY) -> Reason:
        new = SubmitOrder("a", SYMBOL, 9, side, OrderType.LIMIT, TimeInForce.GTC, lots, 600_000)  # type: ignore[arg-type]
        verdict = bench.gate.replace(ReplaceOrder("a", SYMBOL, 1, new), replaced, 0)  # type: ignore[arg-type]
        return Reason.NONE if isinstance(verdict, RiskApproved) else verdict

    assert replace(10) is Reason.NONE
    assert replace(11) is Reason.RISK_POSITION_NOTIONAL
    assert replace(11, Side.SELL) is Reason.RISK_POSITION_NOTIONAL


def test_leverage_is_held_to_the_limit_and_margin_moves_only_the_safe_way() -> None:
    bench = Bench(leverage=5.0, daily_loss=Decimal(100), on_loss="reduce")

    def say(command: Any) -> Reason:
        verdict = bench.gate.account(command, 0)
        return Reason.NONE if isinstance(verdict, RiskApproved) else verdict

    assert say(SetLeverage("a", SYMBOL, 5)) is Reason.NONE  # type: ignore[arg-type]
    assert say(SetLeverage("a", SYMBOL, 6)) is Reason.RISK_LEVERAGE  # type: ignore[arg-type]
    assert say(SetLeverage("a", SYMBOL, 0)) is Reason.RISK_INVALID_ORDER  # type: ignore[arg-type]
    bench.trade(100)
    bench.gate.observe(0)
    bench.mark = 580_000
    assert bench.gate.observe(1)
    assert say(SetLeverage("a", SYMBOL, 1)) is Reason.RISK_REDUCING_ONLY  # type: ignore[arg-type]
    assert say(MoveMargin("a", SYMBOL, -5)) is Reason.RISK_REDUCING_ONLY  # type: ignore[arg-type]
    assert say(MoveMargin("a", SYMBOL, 5)) is Reason.NONE  # type: ignore[arg-type]


PLAIN = Capabilities(
    modify=False,
    cancel_all=True,
    post_only=False,
    market_data=True,
    snapshot=True,
    query=True,
    times_in_force=(TimeInForce.GTC, TimeInForce.IOC),
)
"""A venue with limit and market orders and nothing else."""


@pytest.mark.parametrize(
    ("kind", "fields", "missing"),
    [
        (OrderType.LIMIT, {}, ""),
        (OrderType.LIMIT, {"post_only": True}, "post-only orders"),
        (OrderType.LIMIT, {"display_lots": 1}, "iceberg orders"),
        (OrderType.LIMIT, {"reduce_only": True}, "reduce-only orders"),
        (OrderType.LIMIT, {"linked_client_id": 7}, "linked orders"),
        (OrderType.LIMIT, {"stop_loss_ticks": 1}, "brackets"),
        (OrderType.TRAILING_STOP, {"trail_ticks": 1}, "orders of type TRAILING_STOP"),
    ],
)
def test_what_the_venue_does_not_offer_is_denied_by_name(
    kind: OrderType, fields: dict[str, Any], missing: str
) -> None:
    bench = Bench()
    gate = RiskGate(RiskLimits(), bench.portfolio, bench.tracker, PLAIN)
    command = SubmitOrder("a", SYMBOL, 1, Side.BUY, kind, TimeInForce.GTC, 1, 100, **fields)  # type: ignore[arg-type]
    verdict = gate.submit(command, 0)
    assert gate.missing(command) == missing
    assert isinstance(verdict, RiskApproved) == (not missing)
    assert missing == "" or verdict is Reason.RISK_NOT_OFFERED
    wide = RiskGate(RiskLimits(), bench.portfolio, bench.tracker)
    assert isinstance(wide.submit(command, 0), RiskApproved)
    for other, words in (
        (SetLeverage("a", SYMBOL, 2), "choosing the leverage"),  # type: ignore[arg-type]
        (SetMarginMode("a", SYMBOL, MarginMode.CROSS), "margin mode CROSS"),  # type: ignore[arg-type]
        (MoveMargin("a", SYMBOL, 2), "moving margin"),  # type: ignore[arg-type]
        (ReplaceOrder("a", SYMBOL, 1, command), "replacing orders"),  # type: ignore[arg-type]
    ):
        assert gate.missing(other) == words
