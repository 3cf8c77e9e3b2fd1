"""What a handler is given: `strategies.api.Context` over an account's books."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from actors.desk import OrderDesk
from actors.free_cash import free_cash_atoms
from actors.market_view import MarketView
from actors.order_entry import OrderEntry
from actors.portfolio import Portfolio
from actors.timers import Timers
from actors.tracker import OrderTracker
from exchange_sim.model.enums import MarginMode
from exchange_sim.model.ids import AccountId, AssetId, ClientOrderId, InstrumentId
from exchange_sim.model.instrument import Instrument
from exchange_sim.model.market import BookSnapshot, Observation, Quote
from exchange_sim.series import EVERYWHERE
from strategies.context import Log
from strategies.orders import Order


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


class HostContext(OrderEntry):
    """One account's context; the host moves `now_ns`."""

    __slots__ = ("_timers", "log", "rng")

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
        super().__init__(account_id, instruments, portfolio, tracker, desk, view)
        self.rng = rng
        self.log: Log = BotLog(account_id, self)
        self._timers = timers

    def position_lots(self, instrument_id: InstrumentId) -> int:
        return self._portfolio.positions[instrument_id].lots

    def entry_price(self, instrument_id: InstrumentId) -> float | None:
        return self._portfolio.positions[instrument_id].entry_ticks()

    def margin_mode(self, instrument_id: InstrumentId) -> MarginMode:
        isolated = self._portfolio.positions[instrument_id].isolated
        return MarginMode.ISOLATED if isolated else MarginMode.CROSS

    def margin_atoms(self, instrument_id: InstrumentId) -> int:
        return self._portfolio.positions[instrument_id].margin_atoms

    def leverage(self, instrument_id: InstrumentId) -> int | None:
        return self._portfolio.positions[instrument_id].leverage or None

    def balance_atoms(self, asset_id: AssetId) -> int:
        return self._portfolio.balances_atoms.get(asset_id, 0)

    def equity_atoms(self) -> int:
        return self._portfolio.equity_atoms()

    def free_cash_atoms(self) -> int:
        return free_cash_atoms(self._portfolio, self._tracker)

    def quote(self, instrument_id: InstrumentId) -> Quote | None:
        return self._view.quote(instrument_id)

    def quote_age_ns(self, instrument_id: InstrumentId) -> int | None:
        top = self._view.tops.get(instrument_id)
        return None if top is None else self.now_ns - top.ts_exchange_ns

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
