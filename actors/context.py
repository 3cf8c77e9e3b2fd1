"""What a handler is given: `strategies.api.Context` over an account's books."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from operator import index
from typing import Any

import numpy as np

from actors.desk import OrderDesk
from actors.market_view import MarketView
from actors.portfolio import Portfolio
from actors.timers import Timers
from actors.tracker import OrderTracker
from exchange_sim.model.commands import SubmitOrder
from exchange_sim.model.enums import OrderType, Side, TimeInForce
from exchange_sim.model.ids import AccountId, AssetId, ClientOrderId, InstrumentId
from exchange_sim.model.instrument import ASSET_SCALE, Instrument
from exchange_sim.model.market import BookSnapshot, Observation, Quote
from exchange_sim.series import EVERYWHERE
from strategies.api import Log, Order

_PPM = 1_000_000
_GTC, _IOC = TimeInForce.GTC, TimeInForce.IOC
_LIMIT, _MARKET = OrderType.LIMIT, OrderType.MARKET


class BotLog:
    """A bot's log on the standard library's logger `bot_arena.bots`; hidden below warnings by default."""

    __slots__ = ("_account_id", "_context", "_logger")

    def __init__(self, account_id: AccountId, context: HostContext) -> None:
        self._account_id = account_id
        self._context = context
        self._logger = logging.getLogger("bot_arena.bots")

    def info(self, event: str, **fields: object) -> None:
        self._write(logging.INFO, event, fields)

    def warning(self, event: str, **fields: object) -> None:
        self._write(logging.WARNING, event, fields)

    def error(self, event: str, **fields: object) -> None:
        self._write(logging.ERROR, event, fields)

    def _write(self, level: int, event: str, fields: Mapping[str, object]) -> None:
        if self._logger.isEnabledFor(level):
            text = " ".join(f"{name}={value}" for name, value in fields.items())
            self._logger.log(level, "[%s %d] %s %s", self._account_id, self._context.now_ns, event, text)


class HostContext:
    """One account's context; the host moves `now_ns`."""

    __slots__ = (
        "_desk",
        "_portfolio",
        "_timers",
        "_tracker",
        "_view",
        "account_id",
        "instruments",
        "log",
        "now_ns",
        "rng",
    )

    def __init__(
        self,
        account_id: AccountId,
        instruments: Mapping[InstrumentId, Instrument],
        rng: np.random.Generator,
        *,
        portfolio: Portfolio,
        tracker: OrderTracker,
        desk: OrderDesk,
        view: MarketView,
        timers: Timers,
    ) -> None:
        self.account_id = account_id
        self.instruments = instruments
        self.rng = rng
        self.now_ns = 0
        self.log: Log = BotLog(account_id, self)
        self._portfolio = portfolio
        self._tracker = tracker
        self._desk = desk
        self._view = view
        self._timers = timers

    def position_lots(self, instrument_id: InstrumentId) -> int:
        return self._portfolio.positions[instrument_id].lots

    def entry_price(self, instrument_id: InstrumentId) -> float | None:
        position = self._portfolio.positions[instrument_id]
        if not position.lots:
            return None
        return position.cost_atoms / (position.lots * position.atoms_per_tick_lot)

    def balance_atoms(self, asset_id: AssetId) -> int:
        return self._portfolio.balances_atoms.get(asset_id, 0)

    def equity_atoms(self) -> int:
        return self._portfolio.equity_atoms()

    def free_cash_atoms(self) -> int:
        bound = 0
        for instrument_id, position in self._portfolio.positions.items():
            totals = self._tracker.totals[instrument_id]
            long, short = abs(position.lots + totals.buy_lots), abs(position.lots - totals.sell_lots)
            half_ticks = self._view.mark_half_ticks(instrument_id)
            value = max(long, short) * half_ticks * position.atoms_per_tick_lot // 2
            bound += -(-value * self.instruments[instrument_id].initial_margin_ppm // _PPM)
        return self._portfolio.equity_atoms() - bound

    def quote(self, instrument_id: InstrumentId) -> Quote | None:
        return self._view.quote(instrument_id)

    def book(self, instrument_id: InstrumentId) -> BookSnapshot | None:
        return self._view.books.get(instrument_id)

    def observation(self, metric: str, instrument_id: InstrumentId = EVERYWHERE) -> Observation | None:
        return self._view.observations.get((metric, instrument_id))

    def mid_ticks(self, instrument_id: InstrumentId) -> float | None:
        half_ticks = self._view.mid_half_ticks(instrument_id)
        return half_ticks / 2 if half_ticks else None

    def last_ticks(self, instrument_id: InstrumentId) -> int | None:
        return self._view.last_ticks.get(instrument_id)

    def open_orders(self, instrument_id: InstrumentId | None = None) -> Sequence[Order]:
        orders = self._tracker.open.values()
        if instrument_id is None:
            return tuple(orders)
        return tuple(order for order in orders if order.instrument_id == instrument_id)

    def order(self, client_order_id: ClientOrderId) -> Order | None:
        return self._tracker.orders.get(client_order_id)

    def submit_limit(
        self,
        instrument_id: InstrumentId,
        side: Side,
        quantity_lots: int,
        limit_ticks: int,
        *,
        time_in_force: TimeInForce = _GTC,
        post_only: bool = False,
    ) -> ClientOrderId:
        desk = self._desk
        client_order_id = desk.new_client_order_id()
        command = SubmitOrder(
            self.account_id,
            instrument_id,
            client_order_id,
            side,
            _LIMIT,
            time_in_force,
            index(quantity_lots),
            index(limit_ticks),
            post_only,
        )
        desk.submit(self.now_ns, command)
        return client_order_id

    def submit_market(self, instrument_id: InstrumentId, side: Side, quantity_lots: int) -> ClientOrderId:
        desk = self._desk
        client_order_id = desk.new_client_order_id()
        command = SubmitOrder(
            self.account_id, instrument_id, client_order_id, side, _MARKET, _IOC, index(quantity_lots)
        )
        desk.submit(self.now_ns, command)
        return client_order_id

    def modify(
        self,
        client_order_id: ClientOrderId,
        *,
        quantity_lots: int | None = None,
        limit_ticks: int | None = None,
    ) -> None:
        self._desk.modify(self.now_ns, client_order_id, quantity_lots, limit_ticks)

    def cancel(self, client_order_id: ClientOrderId) -> None:
        self._desk.cancel(self.now_ns, client_order_id)

    def cancel_all(self, instrument_id: InstrumentId | None = None) -> None:
        self._desk.cancel_all(self.now_ns, instrument_id)

    def target_lots(self, instrument_id: InstrumentId, lots: int) -> ClientOrderId | None:
        totals = self._tracker.totals[instrument_id]
        held = self._portfolio.positions[instrument_id].lots
        missing = lots - (held + totals.buy_lots - totals.sell_lots)
        if not missing:
            return None
        quantity = min(abs(missing), self.instruments[instrument_id].maximum_order_lots)
        return self.submit_market(instrument_id, Side.BUY if missing > 0 else Side.SELL, quantity)

    def target_notional(self, instrument_id: InstrumentId, notional: Decimal | float) -> ClientOrderId | None:
        if not math.isfinite(notional):
            raise ValueError(f"notional: expected a finite number, was {notional}")
        half_ticks = self._view.mark_half_ticks(instrument_id)
        if not half_ticks:
            raise ValueError(f"notional: expected a known price of {instrument_id}, there is none yet")
        atoms = int(Decimal(notional) * 10**ASSET_SCALE)
        unit = half_ticks * self.instruments[instrument_id].atoms_per_tick_lot
        lots = abs(atoms) * 2 // unit
        return self.target_lots(instrument_id, lots if atoms >= 0 else -lots)

    def target_weight(self, instrument_id: InstrumentId, weight: float) -> ClientOrderId | None:
        if not math.isfinite(weight):
            raise ValueError(f"weight: expected a finite number, was {weight}")
        equity = Decimal(self._portfolio.equity_atoms()).scaleb(-ASSET_SCALE)
        return self.target_notional(instrument_id, equity * Decimal(weight))

    def set_timer(self, name: str, *, at_ns: int | None = None, every_ns: int | None = None) -> None:
        if at_ns is None and every_ns is None:
            raise ValueError(f"timer {name!r}: expected at_ns or every_ns, was neither")
        if every_ns is not None and every_ns <= 0:
            raise ValueError(f"timer {name!r}: expected every_ns above 0, was {every_ns}")
        first_ns = self.now_ns + (every_ns or 0) if at_ns is None else max(at_ns, self.now_ns)
        self._timers.set(name, first_ns, every_ns or 0)

    def cancel_timer(self, name: str) -> None:
        self._timers.cancel(name)

    def __reduce__(self) -> Any:
        raise TypeError("a context belongs to its run and cannot be copied")
