"""Accounts' own books equal the exchange's after every command, with all that an exchange can do to them."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from actors.portfolio import Portfolio
from actors.tracker import OrderTracker
from exchange_sim.engine.exchange import Exchange
from exchange_sim.model.commands import (
    CancelAll,
    CancelOrder,
    Command,
    ModifyOrder,
    MoveMargin,
    ReplaceOrder,
    SetLeverage,
    SetMarginMode,
    SubmitOrder,
)
from exchange_sim.model.enums import (
    MarginMode,
    OrderType,
    SelfTradePrevention,
    Side,
    TimeInForce,
    TriggerSource,
)
from exchange_sim.model.events import AccountEvent, ExchangeEvent, OrderFilled
from exchange_sim.model.ids import AccountId, AssetId, ClientOrderId, InstrumentId
from exchange_sim.model.instrument import Instrument
from exchange_sim.model.rules import ExchangeRules, FeeTier
from exchange_sim.rng import generator
from tests.engine.venue import TIERS, UNIT

COMMON: dict[str, Any] = {"tick_size": "1", "lot_size": "1", "maker_fee_ppm": 100, "taker_fee_ppm": 700}
INSTRUMENTS = (
    Instrument.linear("X/USD:USD", tiers=TIERS, liquidation_fee_ppm=5_000, **COMMON),
    Instrument.linear("Y/USD:USD", tiers=TIERS, mark="index", **COMMON),
    Instrument.spot("X/USD", **COMMON),
    Instrument.spot("Z/USD", fee_asset="quote", **COMMON),
)
NAMES = tuple(each.instrument_id for each in INSTRUMENTS)
PERPETUALS, SPOT = NAMES[:2], NAMES[2:]
RULES = ExchangeRules(fee_tiers=(FeeTier(volume=Decimal(20_000), maker_fee_ppm=-100, taker_fee_ppm=500),))
DEPOSITS = {"poor": 400, "thin": 900, "fair": 8_000, "rich": 50_000}
USD, ASSETS = AssetId("USD"), (AssetId("USD"), AssetId("X"), AssetId("Z"))
EXTRA_COINS = 40


class Account:
    """One account with its own books, fed as a host feeds them."""

    def __init__(self, name: str) -> None:
        self.name = AccountId(name)
        deposits = {USD: DEPOSITS[name] * UNIT, ASSETS[1]: EXTRA_COINS * UNIT, ASSETS[2]: EXTRA_COINS * UNIT}
        self.portfolio = Portfolio(INSTRUMENTS, deposits, lambda _: 0)
        self.tracker = OrderTracker(NAMES, lambda name: self.portfolio.positions[name].lots)
        self.next_id = 1

    def new_id(self) -> ClientOrderId:
        self.next_id += 3
        return ClientOrderId(self.next_id - 3)

    def send(self, command: Command) -> None:
        if isinstance(command, SubmitOrder):
            self.tracker.submit(command)
        elif isinstance(command, ReplaceOrder):
            self.tracker.replace(command)
        elif isinstance(command, ModifyOrder):
            order = self.tracker.open.get(command.client_order_id)
            if order is not None:
                self.tracker.modify(order, command.trigger_ticks)

    def hear(self, event: ExchangeEvent) -> None:
        if isinstance(event, AccountEvent):
            self.portfolio.account(event)
            return
        self.tracker.handle(event)
        if isinstance(event, OrderFilled):
            self.portfolio.fill(event)


class World:
    """An exchange with four accounts and dice."""

    def __init__(self, seed: int) -> None:
        self.dice = generator(seed, "books")
        self.exchange = Exchange(INSTRUMENTS, RULES)
        self.accounts = {AccountId(name): Account(name) for name in DEPOSITS}
        for name, units in DEPOSITS.items():
            self.exchange.open_account(name)
            self.exchange.deposit(name, units, asset="USD")
            self.exchange.deposit(name, EXTRA_COINS, asset="X")
            self.exchange.deposit(name, EXTRA_COINS, asset="Z")
        self.exchange.feed_insurance(20, asset="USD")
        self.now_ns = 0
        self.heard: Counter[str] = Counter()
        self.price = dict.fromkeys(NAMES, 100)

    def pick(self, *choices: Any) -> Any:
        return choices[int(self.dice.integers(len(choices)))]

    def number(self, low: int, high: int) -> int:
        return int(self.dice.integers(low, high + 1))

    def step(self) -> None:
        """Let one thing happen, every account hear of it, and compare the books of those it touched."""
        self.now_ns += self.number(1, 10**9) * self.pick(1, 1, 1, 3_600)
        for name in NAMES:
            self.price[name] = max(20, self.price[name] + self.number(-1, 1) * self.pick(1, 1, 4))
        self.exchange.now_ns = self.now_ns
        if self.dice.random() < 0.08:
            events = self._operate()
        else:
            account = self.accounts[AccountId(self.pick(*DEPOSITS))]
            command = self._command(account)
            account.send(command)
            events = self.exchange.submit(command, self.now_ns)
        for event in events:
            self.heard[type(event).__name__] += 1
            self.accounts[event.account_id].hear(event)
        for name in {event.account_id for event in events}:
            self._compare_money(self.accounts[name])
            self._compare_orders(self.accounts[name])

    def _operate(self) -> list[ExchangeEvent]:
        name = self.pick(*PERPETUALS)
        if self.dice.random() < 0.7:
            return self.exchange.set_index(name, self.price[name])
        return self.exchange.fund(name, self.pick(None, 3_000_000, -2_000_000))

    def _command(self, account: Account) -> Command:
        kind = self.number(0, 19)
        order = self.pick(*account.tracker.open.values()) if account.tracker.open else None
        if order is not None and kind < 2:
            return CancelOrder(account.name, order.instrument_id, order.client_order_id)
        if order is not None and kind < 5:
            trigger = self._near(order.instrument_id, 8) if order.waits and self.number(0, 1) else 0
            lots = 0 if order.close_position and order.waits else self.number(1, 12)
            limit = self._near(order.instrument_id, 3)
            return ModifyOrder(account.name, order.instrument_id, order.client_order_id, lots, limit, trigger)
        if order is not None and kind == 5:
            new = self._order(account, order.instrument_id)
            plain = SubmitOrder(
                account.name, order.instrument_id, new.client_order_id, new.side, OrderType.LIMIT,
                TimeInForce.GTC, max(new.quantity_lots, 1), self._near(order.instrument_id, 3),
            )  # fmt: skip
            return ReplaceOrder(account.name, order.instrument_id, order.client_order_id, plain)
        name = self.pick(*PERPETUALS)
        if kind == 6:
            return SetLeverage(account.name, name, self.pick(1, 5, 10, 20, 21))
        if kind == 7:
            return self.pick(
                SetMarginMode(account.name, name, self.pick(*MarginMode)),
                MoveMargin(account.name, name, self.number(-40, 60) * UNIT),
                CancelAll(account.name, self.pick(None, name)),
            )  # type: ignore[no-any-return]
        return self._order(account, self.pick(*PERPETUALS, *PERPETUALS, *SPOT))

    def _near(self, name: InstrumentId, spread: int) -> int:
        return self.price[name] + self.number(-spread, spread)

    def _order(self, account: Account, name: InstrumentId) -> SubmitOrder:
        """Return an order of any kind, lawful or not."""
        side, lots, perpetual = Side(self.number(0, 1)), self.number(1, 15), name in PERPETUALS
        make = self.pick(
            self._limit, self._limit, self._market, self._trigger, self._trigger, self._iceberg,
            self._bracket if perpetual else self._limit,
        )  # fmt: skip
        fields: dict[str, Any] = make(name, side, lots)
        if self.number(0, 4) == 0 and account.tracker.open:
            fields["linked_client_id"] = self.pick(*account.tracker.open)
        if perpetual and self.number(0, 3) == 0 and not fields.get("stop_loss_ticks"):
            fields["reduce_only"] = True
        if perpetual and "limit_ticks" not in fields and self.number(0, 4) == 0:
            fields["close_position"], lots = True, 0
        if fields["time_in_force"] is TimeInForce.GTD:
            fields["expire_ns"] = self.now_ns + self.number(1, 100) * 10**9
        return SubmitOrder(
            account.name, name, account.new_id(), side, quantity_lots=lots,
            self_trade_prevention=self.pick(*SelfTradePrevention), **fields,
        )  # fmt: skip

    def _limit(self, name: InstrumentId, _side: Side, _lots: int) -> dict[str, Any]:
        in_force = self.pick(*TimeInForce, TimeInForce.GTC, TimeInForce.GTC)
        return {
            "order_type": OrderType.LIMIT, "time_in_force": in_force, "limit_ticks": self._near(name, 3)
        }  # fmt: skip

    def _market(self, _name: InstrumentId, _side: Side, _lots: int) -> dict[str, Any]:
        return {"order_type": OrderType.MARKET, "time_in_force": TimeInForce.IOC}

    def _iceberg(self, name: InstrumentId, _side: Side, lots: int) -> dict[str, Any]:
        return {
            "order_type": OrderType.LIMIT, "time_in_force": TimeInForce.GTC,
            "limit_ticks": self._near(name, 3), "display_lots": self.number(1, lots),
        }  # fmt: skip

    def _trigger(self, name: InstrumentId, _side: Side, _lots: int) -> dict[str, Any]:
        order_type = OrderType(self.number(2, 6))
        fields: dict[str, Any] = {
            "order_type": order_type, "time_in_force": self.pick(TimeInForce.GTC, TimeInForce.GTD),
            "trigger_source": self.pick(*TriggerSource),
        }  # fmt: skip
        if order_type.has_limit:
            fields["limit_ticks"] = self._near(name, 3)
        if order_type is OrderType.TRAILING_STOP:
            return {**fields, "trail_ticks": self.number(1, 5)}
        return {**fields, "trigger_ticks": self._near(name, 6)}

    def _bracket(self, name: InstrumentId, side: Side, lots: int) -> dict[str, Any]:
        entry = self.pick(self._limit, self._market)(name, side, lots)
        stop = self.price[name] - side.sign * self.number(3, 7)
        target = self.price[name] + side.sign * self.number(3, 7)
        stop, target = self.pick((stop, 0), (0, target), (stop, target))
        return {**entry, "stop_loss_ticks": stop, "take_profit_ticks": target}

    def _compare_money(self, account: Account) -> None:
        exchange, books = self.exchange, account.portfolio
        for asset in ASSETS:
            assert books.balances_atoms[asset] == exchange.balance_atoms(account.name, asset), asset
        for name, ours in books.positions.items():
            theirs = exchange.position(account.name, name)
            assert (ours.fills, ours.volume_atoms) == (theirs.fills, theirs.volume_atoms)
            assert ours.maker_atoms == theirs.maker_atoms
            if name in PERPETUALS:
                assert (ours.lots, ours.cost_atoms) == (theirs.lots, theirs.cost_atoms), name
                assert (ours.realized_atoms, ours.fees_atoms) == (theirs.realized_atoms, theirs.fees_atoms)
                margin = exchange.margin(account.name, name)
                assert ours.margin_atoms == margin.margin_atoms
                assert ours.isolated == (margin.margin_mode is MarginMode.ISOLATED)

    def _compare_orders(self, account: Account) -> None:
        theirs = {each.client_order_id: each for each in self.exchange.open_orders(account.name)}
        ours = account.tracker.open
        assert sorted(ours) == sorted(theirs)
        for number, order in ours.items():
            other = theirs[number]
            assert (order.order_id, order.side) == (other.order_id, other.side)
            assert (order.leaves_lots, order.quantity_lots) == (other.leaves_lots, other.quantity_lots)
        for name in NAMES:
            totals, position = account.tracker.totals[name], self.exchange.position(account.name, name)
            assert (totals.buy_lots, totals.sell_lots) == (position.open_buy_lots, position.open_sell_lots)
            assert totals.orders == position.open_orders


MUST_HAPPEN = {
    "OrderTriggered", "OrderModified", "OrderExpired", "OrderCanceled", "OrderFilled", "OrderRejected",
    "FundingPaid", "PositionLiquidated", "InsurancePaid", "PositionDeleveraged", "LeverageSet",
    "MarginModeSet", "MarginMoved", "AccountRejected",
}  # fmt: skip


def test_books_follow_the_exchange_through_everything() -> None:
    heard: Counter[str] = Counter()
    for seed in range(6):
        world = World(seed)
        for number in range(1_200):
            try:
                world.step()
            except AssertionError as error:
                pytest.fail(f"seed {seed}, step {number}: {error}")
        world.exchange.check_conservation()
        heard += world.heard
    assert set(heard) >= MUST_HAPPEN, heard


def test_the_dice_are_the_seeds() -> None:
    first, again = World(3), World(3)
    for world in (first, again):
        for _ in range(50):
            world.step()
    assert first.exchange.state_digest() == again.exchange.state_digest()
    assert isinstance(first.dice, np.random.Generator)
