"""Whole ways of special orders through host and exchange: brackets, liquidation, spot, everything at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from actors.testing.stage import BTC, SECOND_NS, Played, Player, Stage, still_market
from exchange_sim.kernel.operator import FundingPlan
from exchange_sim.markets.contracts import InstrumentSpec
from exchange_sim.model.enums import MarginMode, Reason, Side, TriggerSource
from exchange_sim.model.events import AccountEvent, OrderCanceled
from exchange_sim.model.ids import AssetId
from exchange_sim.population.presets import PRESETS
from strategies.api import Context, OrderState, StrategyConfig
from strategies.plugins import load_strategy
from tests.order_path.bots import MID, MS, Quiet, Scripted, Wall

EXAMPLE = Path(__file__).parents[2] / "examples" / "bracket_bot.py"
PERP = InstrumentSpec(symbol="BTC/USDT:USDT", tiers="preset", mark="index").instrument()
SPOT = InstrumentSpec(symbol="BTC/USDT").instrument()
COIN, UNIT = AssetId("BTC"), 10**8


def check_books(played: Played) -> None:
    """Every account's own books equal the exchange's, orders and all."""
    exchange = played.simulation.side.kernel.exchange
    for host in played.hosts:
        assert host.disqualified == ""
        books, tracker = host.host.portfolio, host.host.tracker
        for asset, atoms in books.balances_atoms.items():
            assert atoms == exchange.balance_atoms(host.account_id, asset), asset
        for name, ours in books.positions.items():
            theirs = exchange.position(host.account_id, name)
            assert (ours.fills, ours.volume_atoms) == (theirs.fills, theirs.volume_atoms)
            if not ours.is_spot:
                assert (ours.lots, ours.cost_atoms) == (theirs.lots, theirs.cost_atoms)
                assert ours.margin_atoms == exchange.margin(host.account_id, name).margin_atoms
            assert tracker.totals[name].orders == theirs.open_orders
        open_orders = exchange.open_orders(host.account_id)
        assert {each.client_order_id: each.leaves_lots for each in open_orders} == {
            number: each.leaves_lots for number, each in tracker.open.items()
        }


def quote(mid: int) -> Any:
    """Return an act that moves a maker's quotes."""

    def act(bot: Any, ctx: Context) -> None:
        ctx.cancel_all()
        ctx.submit_limit(bot.symbol, Side.BUY, 1_000, mid - 1)
        ctx.submit_limit(bot.symbol, Side.SELL, 1_000, mid + 1)

    return act


def trade(side: Side) -> Any:
    return lambda bot, ctx: ctx.submit_market(bot.symbol, side, 1)


@pytest.mark.parametrize(
    ("mid", "side", "fired", "gain"), [(599_300, Side.BUY, 3, True), (596_700, Side.SELL, 2, False)]
)
def test_the_example_s_bracket_takes_its_profit_or_stops(
    mid: int, side: Side, fired: int, gain: object
) -> None:
    """A dip of a third of a percent is bought at 598,001; the target is at 599,197, the stop at 596,805."""
    kind = load_strategy(f"{EXAMPLE}:DipBuyer")

    class Watched(kind):  # type: ignore[misc, valid-type]  # found at run time
        heard: list[Any]

        def on_order(self, ctx: Context, event: Any) -> None:
            self.heard.append((type(event).__name__, event.client_order_id))
            if isinstance(event, OrderCanceled):
                assert event.reason is Reason.LINKED_ORDER

    bot = Watched(kind.Config())
    bot.heard = []
    maker = Scripted((100, quote(MID)), (30_000, quote(598_000)), (70_000, quote(mid)))
    taker = Scripted((1_000, trade(Side.BUY)), (31_000, trade(Side.BUY)), (71_000, trade(side)))
    players = [Player("dips", bot), Player("maker", maker), Player("taker", taker)]
    played = Stage(players, duration_ns=110 * SECOND_NS).play()
    check_books(played)
    other = 5 - fired
    assert bot.heard == [
        ("OrderAccepted", 1), ("OrderAccepted", 2), ("OrderAccepted", 3), ("OrderFilled", 1),
        ("OrderTriggered", fired), ("OrderCanceled", other), ("OrderFilled", fired),
    ]  # fmt: skip
    position = played.hosts[0].host.portfolio.positions[BTC.instrument_id]
    assert position.lots == 0
    assert (position.realized_atoms > 0) == gain


class Reckless(Scripted):
    """Buys with all it can borrow."""

    def __init__(self) -> None:
        super().__init__((1_000, self._buy))
        self.account: list[AccountEvent] = []

    @staticmethod
    def _buy(bot: Any, ctx: Context) -> None:
        ctx.set_leverage(bot.symbol, 50)
        ctx.submit_market(bot.symbol, Side.BUY, 400)

    def on_account(self, ctx: Context, event: AccountEvent) -> None:
        assert ctx.now_ns == event.ts_received_ns
        self.account.append(event)


def test_a_liquidated_bot_hears_of_it_and_its_books_stay_right() -> None:
    """Worth 24,000 on 500 of cash; a fall by two percent takes it. Fills of the liquidation have no order."""
    contract = InstrumentSpec(symbol="BTC/USDT:USDT", tiers="preset", mark="last").instrument()
    bot = Reckless()
    maker = Scripted((100, quote(MID)), (5_000, quote(588_500)))
    taker = Scripted((6_000, trade(Side.SELL)))
    market = still_market(20 * SECOND_NS, instruments=[contract])
    players = [Player("reckless", bot, deposit=500), Player("maker", maker), Player("taker", taker)]
    played = Stage(players, market, duration_ns=20 * SECOND_NS).play()
    check_books(played)
    kinds = [type(event).__name__ for event in bot.account]
    assert kinds[0] == "LeverageSet"
    assert "PositionLiquidated" in kinds
    assert [fill.client_order_id for fill in bot.fills][-1] == 0
    books = played.hosts[0].host.portfolio
    assert books.positions[contract.instrument_id].liquidations == kinds.count("PositionLiquidated")
    assert books.positions[contract.instrument_id].lots == 0
    assert books.insurance_atoms == sum(
        event.paid_atoms for event in bot.account if type(event).__name__ == "InsurancePaid"
    )


def test_waiting_and_triggered_are_states() -> None:
    states: list[tuple[OrderState, bool]] = []

    def look(bot: Any, ctx: Any) -> None:
        order = ctx.order(2)
        states.append((order.state, order.waits))

    def enter(bot: Any, ctx: Context) -> None:
        ctx.submit_market(bot.symbol, Side.BUY, 5)
        ctx.submit_stop(bot.symbol, Side.SELL, 5, 599_000, limit_ticks=599_500, reduce_only=True)

    bot = Scripted((1_000, enter), (1_005, look), (1_011, look), (9_000, look), (15_000, look))
    maker = Scripted((100, quote(MID)), (5_000, quote(598_900)), (12_000, quote(600_000)))
    taker = Scripted((6_000, trade(Side.SELL)))
    players = [Player("bot", bot), Player("maker", maker), Player("taker", taker)]
    check_books(Stage(players, duration_ns=20 * SECOND_NS).play())
    assert states == [
        (OrderState.PENDING_SUBMIT, True), (OrderState.WAITING, True), (OrderState.TRIGGERED, False),
        (OrderState.FILLED, False),
    ]  # fmt: skip


class Jack(Quiet):
    """Does whatever its dice say, with all that the exchange offers; isolated if it trades one symbol."""

    def on_start(self, ctx: Context) -> None:
        ctx.set_timer("go", every_ns=25 * MS)
        if self.config.instruments:
            ctx.set_margin_mode(self.symbols[0], MarginMode.ISOLATED)

    def on_timer(self, ctx: Context, name: str) -> None:
        dice: np.random.Generator = ctx.rng
        symbol = self.symbols[int(dice.integers(len(self.symbols)))]
        spot = ctx.instruments[symbol].is_spot
        tick, scale = (10, 100) if spot else (1, 1)  # of the same steps in money and coins
        last = ctx.last_ticks(symbol) or MID * tick
        side, lots = Side(int(dice.integers(2))), int(dice.integers(1, 40)) * scale
        away = int(dice.integers(1, 60)) * tick
        worse, better = last + side.sign * away, last - side.sign * away
        source = TriggerSource(int(dice.integers(2)))
        soon_ns = ctx.now_ns + 500 * MS
        opened = ctx.open_orders(symbol)
        first, final = opened[:1], opened[-1:]
        acts: list[Callable[[], object]] = [
            lambda: ctx.submit_market(symbol, side, lots),
            lambda: ctx.submit_market(symbol, side, lots),
            lambda: ctx.submit_limit(symbol, side, lots, better, display_lots=max(lots // 3, 1)),
            lambda: ctx.submit_limit(symbol, side, lots, worse, expire_ns=soon_ns),
            lambda: ctx.submit_stop(symbol, side, lots, worse, trigger_source=source, reduce_only=not spot),
            lambda: ctx.submit_stop(symbol, side, lots, worse, limit_ticks=worse + side.sign * 5 * tick),
            lambda: ctx.submit_take_profit(symbol, side, lots, better),
            lambda: ctx.submit_trailing_stop(symbol, side, lots, away, expire_ns=soon_ns),
            lambda: ctx.submit_oco(symbol, side, lots, better, worse),
            lambda: ctx.submit_bracket(symbol, side, lots, stop_loss_ticks=better, take_profit_ticks=worse),
            lambda: ctx.close_position(symbol),
            lambda: ctx.move_margin(symbol, int(dice.integers(-10, 20)) * UNIT),
            lambda: [ctx.modify(o.client_order_id, quantity_lots=lots, limit_ticks=last) for o in first],
            lambda: [ctx.modify(o.client_order_id, trigger_ticks=worse) for o in first if o.waits],
            lambda: [ctx.replace(o.client_order_id, lots, better) for o in final],
            lambda: [ctx.cancel(o.client_order_id) for o in opened[:2]],
        ]
        acts[int(dice.integers(len(acts)))]()


@pytest.mark.parametrize("seed", range(2))
def test_books_agree_after_a_match_with_all_of_it(seed: int) -> None:
    """Spot and perpetual, cross and isolated, funding every two seconds, a poor account."""
    market = still_market(
        20 * SECOND_NS,
        instruments=[PERP, SPOT],
        prices_ticks=[600_000.0, 6_000_000.0],
        population=PRESETS["mixed_1000"](),
    )
    market = type(market)(
        **{name: getattr(market, name) for name in market.__slots__}
        | {"funding": (FundingPlan(2 * SECOND_NS), None)}
    )
    isolated = StrategyConfig(instruments=(str(PERP.instrument_id),))
    players = [
        Player("both", Jack(StrategyConfig()), holdings={COIN: UNIT}),
        Player("isolated", Jack(isolated)),
        Player("poor", Jack(StrategyConfig()), deposit=200, holdings={COIN: 10**5}),
    ]
    played = Stage(players, market, duration_ns=20 * SECOND_NS, seed=seed).play()
    check_books(played)
    books = [host.host.portfolio for host in played.hosts]
    assert all(sum(each.fills for each in book.positions.values()) > 20 for book in books[:2])
    assert any(each.funding_atoms for book in books for each in book.positions.values())
    assert all(book.positions[SPOT.instrument_id].lots >= 0 for book in books[::2])


def test_a_crowd_makes_a_spot_market_and_coins_are_conserved() -> None:
    market = still_market(
        30 * SECOND_NS, instruments=[SPOT], prices_ticks=[6_000_000.0], population=PRESETS["mixed_1000"]()
    )
    played = Stage([Player("idle", Wall(10))], market, duration_ns=30 * SECOND_NS).play()
    lots, trades = played.simulation.side.kernel.traded(0)
    assert trades > 50
    assert lots > 0
