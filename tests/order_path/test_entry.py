"""What a strategy asks for leaves as the right command, and its answer comes back to the right handler."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from actors.context import HostContext
from actors.desk import OrderDesk
from actors.gate import RiskGate
from actors.market_view import MarketView
from actors.portfolio import Portfolio
from actors.risk import RiskLimits
from actors.testing.stage import BTC
from actors.timers import Timers
from actors.tracker import OrderTracker
from exchange_sim.model.commands import (
    Command,
    MoveMargin,
    ReplaceOrder,
    SetLeverage,
    SetMarginMode,
    SubmitOrder,
)
from exchange_sim.model.enums import MarginMode, OrderType, Reason, Side, TimeInForce, TriggerSource
from exchange_sim.model.events import AccountRejected, FundingPaid, LeverageSet, OrderDenied, OrderFilled
from exchange_sim.model.ids import AccountId, AssetId
from exchange_sim.model.instrument import Instrument
from exchange_sim.ports import EVERYTHING, Capabilities
from exchange_sim.rng import generator

SPOT = Instrument.spot("BTC/USDT", tick_size="0.1", lot_size="0.001")
PERP, PAIR = BTC.instrument_id, SPOT.instrument_id
USDT, COIN = AssetId("USDT"), AssetId("BTC")
BUY, SELL, GTC, GTD = Side.BUY, Side.SELL, TimeInForce.GTC, TimeInForce.GTD


class Seat:
    """A context whose commands stay in the outbox."""

    def __init__(self, capabilities: Capabilities = EVERYTHING, **limits: Any) -> None:
        view, name = MarketView(), AccountId("a")
        instruments = {PERP: BTC, PAIR: SPOT}
        deposits = {USDT: 10_000 * 10**8, COIN: 2 * 10**8}
        self.view = view
        self.portfolio = Portfolio([BTC, SPOT], deposits, view.mark_half_ticks)
        self.tracker = OrderTracker([PERP, PAIR], lambda each: self.portfolio.positions[each].lots)
        gate = RiskGate(RiskLimits(**limits), self.portfolio, self.tracker, capabilities)
        self.desk = OrderDesk(name, gate, self.tracker, outbox_limit=100)
        self.context = HostContext(
            name, instruments, generator(1, "seat"), portfolio=self.portfolio, tracker=self.tracker,
            desk=self.desk, view=view, timers=Timers(),
        )  # fmt: skip

    @property
    def sent(self) -> list[Command]:
        return [approved.command for approved in self.desk.outbox]

    def trade(self, lots: int, side: Side = BUY, name: Any = PERP, fee: int = 0) -> None:
        self.portfolio.fill(OrderFilled("a", name, 0, 0, 0, 1, 1, side, 600_000, lots, 0, fee, 0))  # type: ignore[arg-type]


def order(
    order_type: OrderType, lots: int, in_force: TimeInForce = GTC, *, number: int = 1, **fields: Any
) -> Any:
    return SubmitOrder("a", PERP, number, SELL, order_type, in_force, lots, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("ask", "command"),
    [
        (
            lambda c: c.submit_limit(PERP, SELL, 9, 50, display_lots=2, expire_ns=7, reduce_only=True),
            order(OrderType.LIMIT, 9, GTD, limit_ticks=50, display_lots=2, expire_ns=7, reduce_only=True),
        ),
        (
            lambda c: c.submit_market(PERP, SELL, 9, reduce_only=True),
            order(OrderType.MARKET, 9, TimeInForce.IOC, reduce_only=True),
        ),
        (
            lambda c: c.submit_stop(PERP, SELL, 9, 40, trigger_source=TriggerSource.MARK, linked_to=5),
            order(
                OrderType.STOP_MARKET, 9, trigger_ticks=40, trigger_source=TriggerSource.MARK,
                linked_client_id=5,
            ),
        ),
        (
            lambda c: c.submit_stop(PERP, SELL, 9, 40, limit_ticks=39, expire_ns=5),
            order(OrderType.STOP_LIMIT, 9, GTD, limit_ticks=39, trigger_ticks=40, expire_ns=5),
        ),
        (
            lambda c: c.submit_stop(PERP, SELL, 0, 40, close_position=True),
            order(OrderType.STOP_MARKET, 0, trigger_ticks=40, close_position=True),
        ),
        (
            lambda c: c.submit_take_profit(PERP, SELL, 9, 60, limit_ticks=61, reduce_only=True),
            order(OrderType.TAKE_PROFIT_LIMIT, 9, limit_ticks=61, trigger_ticks=60, reduce_only=True),
        ),
        (
            lambda c: c.submit_trailing_stop(PERP, SELL, 9, 3),
            order(OrderType.TRAILING_STOP, 9, trail_ticks=3),
        ),
        (
            lambda c: c.submit_bracket(
                PERP, SELL, 9, limit_ticks=50, stop_loss_ticks=60, take_profit_ticks=40
            ),
            order(OrderType.LIMIT, 9, limit_ticks=50, stop_loss_ticks=60, take_profit_ticks=40),
        ),
        (
            lambda c: c.submit_bracket(PERP, SELL, 9, stop_loss_ticks=60),
            order(OrderType.MARKET, 9, TimeInForce.IOC, stop_loss_ticks=60),
        ),
    ],
)  # fmt: skip
def test_an_order_leaves_as_it_was_asked_for(ask: Callable[[HostContext], int], command: SubmitOrder) -> None:
    seat = Seat()
    assert ask(seat.context) == 1
    assert seat.sent == [command]


def test_ids_behind_a_bracket_stay_free() -> None:
    context = Seat().context
    entry = context.submit_bracket(PERP, BUY, 5, stop_loss_ticks=40)
    assert context.submit_market(PERP, BUY, 1) == entry + 3
    assert [each.client_order_id for each in context.open_orders()] == [entry, entry + 1, entry + 3]


def test_one_cancels_the_other_is_two_orders() -> None:
    seat = Seat()
    assert seat.context.submit_oco(PERP, SELL, 9, 60, 40, stop_limit_ticks=39, reduce_only=True) == (1, 2)
    first, second = seat.sent
    assert first == order(OrderType.LIMIT, 9, limit_ticks=60, post_only=True, reduce_only=True)
    assert second == order(
        OrderType.STOP_LIMIT,
        9,
        number=2,
        limit_ticks=39,
        trigger_ticks=40,
        reduce_only=True,
        linked_client_id=1,
    )


def test_closing_a_position_takes_what_there_is() -> None:
    seat = Seat()
    assert seat.context.close_position(PERP) is None
    seat.trade(7)
    seat.context.close_position(PERP)
    assert seat.sent == [order(OrderType.MARKET, 0, TimeInForce.IOC, close_position=True)]
    seat.context.close_position(PAIR)  # two coins: sold as they are, spot knows no close-position
    assert seat.sent[-1].quantity_lots == 2_000  # type: ignore[union-attr]


def test_replacing_names_both_and_falls_back_on_the_old_side() -> None:
    seat = Seat()
    old = seat.context.submit_limit(PERP, SELL, 9, 50)
    new = seat.context.replace(old, 8, 51, post_only=True)
    command = ReplaceOrder(
        "a", PERP, old, order(OrderType.LIMIT, 8, number=new, limit_ticks=51, post_only=True)
    )  # type: ignore[arg-type]
    assert seat.sent[-1] == command
    with pytest.raises(ValueError, match="expected an own order, was 99"):
        seat.context.replace(99, 8, 51)  # type: ignore[arg-type]


def test_margin_commands_leave_and_denials_are_account_events() -> None:
    seat = Seat(leverage=4.0)
    seat.context.set_leverage(PERP, 4)
    seat.context.set_margin_mode(PERP, MarginMode.ISOLATED)
    seat.context.move_margin(PERP, -5)
    assert seat.sent == [
        SetLeverage("a", PERP, 4), SetMarginMode("a", PERP, MarginMode.ISOLATED), MoveMargin("a", PERP, -5)
    ]  # type: ignore[arg-type, comparison-overlap]  # fmt: skip
    seat.context.set_leverage(PERP, 5)
    assert seat.desk.denials == [AccountRejected("a", PERP, 0, 0, Reason.RISK_LEVERAGE)]  # type: ignore[arg-type]
    dropped = seat.desk.drop(3)
    assert [each.reason for each in dropped] == [Reason.RISK_LEVERAGE, *[Reason.RISK_HALTED] * 3]


def test_a_denial_says_what_the_venue_lacks() -> None:
    seat = Seat(msgspec.structs.replace(EVERYTHING, brackets=False))
    number = seat.context.submit_bracket(PERP, BUY, 5, stop_loss_ticks=40)
    (denial,) = seat.desk.denials
    assert isinstance(denial, OrderDenied)
    assert (denial.client_order_id, denial.reason) == (number, Reason.RISK_NOT_OFFERED)
    assert denial.text == "the venue does not offer brackets"
    assert not seat.context.open_orders()  # the exits went with it


def test_spot_holdings_are_a_position_and_part_of_the_equity() -> None:
    """Two coins at 60,000; one more is bought for a tenth of a percent of it."""
    seat = Seat()
    context = seat.context
    assert (context.position_lots(PAIR), context.entry_price(PAIR)) == (2_000, None)
    assert context.equity_atoms() == 10_000 * 10**8  # no price is known yet
    seat.view.last_ticks[PAIR] = 600_000
    assert context.equity_atoms() == 130_000 * 10**8
    seat.trade(100, name=PAIR, fee=10_000)  # a tenth of a coin, less 0.0001
    assert context.balance_atoms(USDT) == 4_000 * 10**8
    assert context.balance_atoms(COIN) == 209_990_000
    assert (context.position_lots(PAIR), context.entry_price(PAIR)) == (2_099, 600_000.0)
    assert seat.portfolio.positions[PAIR].fees_atoms == 6 * 10**8
    assert context.equity_atoms() == 129_994 * 10**8
    assert context.target_lots(PAIR, 0) == 1
    assert seat.sent[-1].quantity_lots == 2_099  # type: ignore[union-attr]


def test_free_cash_counts_leverage_margin_modes_and_spot_holds() -> None:
    seat = Seat()
    context = seat.context
    seat.view.last_ticks[PERP] = seat.view.last_ticks[PAIR] = 600_000
    seat.trade(100)  # worth 6,000 at ten times leverage
    assert context.free_cash_atoms() == 9_400 * 10**8
    context.submit_limit(PAIR, BUY, 10, 500_000)
    assert context.free_cash_atoms() == 8_900 * 10**8
    context.submit_stop(PERP, BUY, 1_000, 700_000)  # waits: binds nothing
    assert context.free_cash_atoms() == 8_900 * 10**8
    seat.portfolio.account(LeverageSet("a", PERP, 0, 0, 20))  # type: ignore[arg-type]
    assert context.leverage(PERP) == 20
    assert context.free_cash_atoms() == 9_200 * 10**8


def test_funding_moves_cash() -> None:
    seat = Seat()
    seat.portfolio.account(FundingPaid("a", PERP, 0, 0, 600_000, 5, 7 * 10**8))  # type: ignore[arg-type]
    assert seat.context.balance_atoms(USDT) == 9_993 * 10**8
    assert seat.portfolio.positions[PERP].funding_atoms == 7 * 10**8
