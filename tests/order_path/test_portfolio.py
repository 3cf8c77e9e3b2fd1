"""The account's own books equal the exchange's, fill by fill."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.portfolio import Portfolio, Position
from actors.testing.stage import BTC, SECOND_NS, Player, Stage, still_market
from exchange_sim.engine.exchange import Exchange
from exchange_sim.model.commands import CancelAll, SubmitOrder
from exchange_sim.model.enums import Liquidity, OrderType, Side, TimeInForce
from exchange_sim.model.events import OrderFilled
from exchange_sim.model.ids import AccountId, AssetId, ClientOrderId
from exchange_sim.model.instrument import Instrument
from exchange_sim.population.presets import PRESETS
from strategies.api import Context, StrategyConfig
from tests.order_path.bots import Quiet

ETH = Instrument.linear("ETH/USDT:USDT", tick_size="0.01", lot_size="0.01")
USDT = AssetId("USDT")
FIELDS = ("lots", "cost_atoms", "realized_atoms", "fees_atoms", "volume_atoms", "maker_atoms", "fills")


def fill(instrument: Instrument, side: Side, lots: int, price: int, fee: int = 0) -> OrderFilled:
    return OrderFilled(
        AccountId("a"), instrument.instrument_id, ClientOrderId(1), 0, 0, 1, 1, side, price, lots, 0, fee,
        Liquidity.TAKER,
    )  # type: ignore[arg-type]  # fmt: skip


trades = st.lists(
    st.tuples(st.sampled_from([BTC, ETH]), st.sampled_from(Side), st.integers(1, 50), st.integers(1, 10**6)),
    max_size=40,
)


@given(trades)
@settings(deadline=None)
def test_equity_is_cash_flow_plus_the_value_held(done: list[tuple[Instrument, Side, int, int]]) -> None:
    """Naive: pay for what is bought, receive for what is sold, hold lots; no cost, no realised profit."""
    marks = {BTC.instrument_id: 1_234_567, ETH.instrument_id: 654_321}
    portfolio = Portfolio([BTC, ETH], {USDT: 10**12}, marks.__getitem__)
    cash, held = 10**12, {BTC.instrument_id: 0, ETH.instrument_id: 0}
    for number, (instrument, side, lots, price) in enumerate(done):
        portfolio.fill(fill(instrument, side, lots, price, fee=number))
        cash -= side.sign * lots * price * instrument.atoms_per_tick_lot + number
        held[instrument.instrument_id] += side.sign * lots
    value = sum(
        Fraction(held[each.instrument_id] * marks[each.instrument_id] * each.atoms_per_tick_lot, 2)
        for each in (BTC, ETH)
    )
    assert 0 <= cash + value - portfolio.equity_atoms() <= 1  # a mark between two ticks rounds down
    assert {name: position.lots for name, position in portfolio.positions.items()} == held


@given(trades)
@settings(max_examples=30, deadline=None)
def test_positions_follow_the_exchange_to_the_atom(done: list[tuple[Instrument, Side, int, int]]) -> None:
    exchange = Exchange([BTC, ETH])
    exchange.open_account("a", deposit="10000000")
    exchange.open_account("b", deposit="10000000")
    portfolio = Portfolio([BTC, ETH], {USDT: 10_000_000 * 10**8}, lambda _: 0)
    for number, (instrument, side, lots, price) in enumerate(done, start=1):
        name = instrument.instrument_id
        for account, its_side in (("b", side.opposite), ("a", side)):
            order = SubmitOrder(
                AccountId(account), name, ClientOrderId(number), its_side, OrderType.LIMIT, TimeInForce.GTC,
                lots, price,
            )  # fmt: skip
            for event in exchange.submit(order):
                if isinstance(event, OrderFilled) and event.account_id == "a":
                    portfolio.fill(event)
        exchange.submit(CancelAll(AccountId("a")))
        exchange.submit(CancelAll(AccountId("b")))
        ours, theirs = portfolio.positions[name], exchange.position("a", name)
        for field in (
            "lots",
            "cost_atoms",
            "realized_atoms",
            "fees_atoms",
            "volume_atoms",
            "maker_atoms",
            "fills",
        ):
            assert getattr(ours, field) == getattr(theirs, field), field
        assert portfolio.balances_atoms[USDT] == exchange.balance_atoms("a")


@pytest.mark.parametrize(
    ("changes", "lots", "cost", "realized"),
    [
        ([(10, 100), (10, 200)], 20, 3_000, 0),
        ([(10, 100), (-4, 150)], 6, 600, 200),
        ([(10, 100), (-10, 90)], 0, 0, -100),
        ([(10, 100), (-15, 110)], -5, -550, 100),
        ([(-10, 100), (4, 90)], -6, -600, 40),
        ([(1, 100), (2, 101), (-1, 101)], 2, 202, 1),  # a share of 302 / 3 is 100.67: rounded down
        ([(-1, 100), (-2, 101), (1, 101)], -2, -201, 0),  # and of -302 / 3, down too: -101
    ],
)
def test_closing_takes_its_share_of_the_cost(
    changes: list[tuple[int, int]], lots: int, cost: int, realized: int
) -> None:
    unit = Instrument.linear("X/Y:Y", tick_size="0.0001", lot_size="0.0001")
    position = Position(unit)
    for change, price in changes:
        position.change(change, price)
    assert (position.lots, position.cost_atoms, position.realized_atoms) == (lots, cost, realized)


class Fickle(Quiet):
    """Sends whatever its dice say, at the market and around it."""

    def on_start(self, ctx: Context) -> None:
        ctx.set_timer("go", every_ns=20_000_000)

    def on_timer(self, ctx: Context, name: str) -> None:
        dice: np.random.Generator = ctx.rng
        symbol = self.symbols[int(dice.integers(len(self.symbols)))]
        side = Side(int(dice.integers(2)))
        lots = int(dice.integers(1, 40))
        last = ctx.last_ticks(symbol) or 600_000
        match int(dice.integers(5)):
            case 0 | 1:
                ctx.submit_market(symbol, side, lots)
            case 2:
                ctx.submit_limit(symbol, side, lots, last + int(dice.integers(-30, 30)))
            case 3:
                for order in ctx.open_orders()[:1]:
                    ctx.modify(order.client_order_id, quantity_lots=lots, limit_ticks=last)
            case _:
                for order in ctx.open_orders()[:3]:
                    ctx.cancel(order.client_order_id)


@pytest.mark.parametrize("seed", range(4))
def test_books_and_orders_agree_with_the_exchange_after_a_run(seed: int) -> None:
    market = still_market(
        20 * SECOND_NS,
        instruments=[BTC, ETH],
        prices_ticks=[600_000.0, 300_000.0],
        population=PRESETS["mixed_1000"](),
    )
    players = [Player("a", Fickle(StrategyConfig())), Player("b", Fickle(StrategyConfig()))]
    stage = Stage(players, market, duration_ns=20 * SECOND_NS, seed=seed)
    played = stage.play()
    exchange = stage.kernel.exchange
    for each in played.hosts:
        assert each.disqualified == ""
        assert each.host.portfolio.balances_atoms[USDT] == exchange.balance_atoms(each.account_id)
        assert sum(position.fills for position in each.host.portfolio.positions.values()) > 50
        for name, position in each.host.portfolio.positions.items():
            theirs = exchange.position(each.account_id, name)
            assert (position.lots, position.cost_atoms) == (theirs.lots, theirs.cost_atoms)
            totals = each.host.tracker.totals[name]
            assert (totals.buy_lots, totals.sell_lots) == (theirs.open_buy_lots, theirs.open_sell_lots)
            assert totals.orders == theirs.open_orders
        resting = {
            order.client_order_id: order.leaves_lots for order in exchange.open_orders(each.account_id)
        }
        ours = {number: order.leaves_lots for number, order in each.host.tracker.open.items()}
        assert ours == resting
