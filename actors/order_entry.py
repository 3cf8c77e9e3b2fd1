"""What a strategy can ask for, as `strategies.context.Context` says it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from operator import index

from actors.desk import OrderDesk
from actors.market_view import MarketView
from actors.portfolio import Portfolio
from actors.tracker import OrderTracker
from exchange_sim.model.commands import MoveMargin, ReplaceOrder, SetLeverage, SetMarginMode, SubmitOrder
from exchange_sim.model.enums import MarginMode, OrderType, Side, TimeInForce, TriggerSource
from exchange_sim.model.ids import AccountId, ClientOrderId, InstrumentId
from exchange_sim.model.instrument import ASSET_SCALE, Instrument

_GTC, _GTD, _IOC = TimeInForce.GTC, TimeInForce.GTD, TimeInForce.IOC
_LIMIT, _MARKET = OrderType.LIMIT, OrderType.MARKET
_LAST = TriggerSource.LAST
_NO_ORDER = ClientOrderId(0)


class OrderEntry:
    """The asking half of an account's context; the host moves `now_ns`."""

    __slots__ = ("_desk", "_portfolio", "_tracker", "_view", "account_id", "instruments", "now_ns")

    def __init__(
        self,
        account_id: AccountId,
        instruments: Mapping[InstrumentId, Instrument],
        portfolio: Portfolio,
        tracker: OrderTracker,
        desk: OrderDesk,
        view: MarketView,
    ) -> None:
        self.account_id = account_id
        self.instruments = instruments
        self.now_ns = 0
        self._portfolio = portfolio
        self._tracker = tracker
        self._desk = desk
        self._view = view

    def submit_limit(
        self,
        instrument_id: InstrumentId,
        side: Side,
        quantity_lots: int,
        limit_ticks: int,
        *,
        time_in_force: TimeInForce = _GTC,
        post_only: bool = False,
        display_lots: int = 0,
        expire_ns: int = 0,
        reduce_only: bool = False,
        linked_to: ClientOrderId | None = None,
    ) -> ClientOrderId:
        desk = self._desk
        client_order_id = desk.new_client_order_id()
        if display_lots or expire_ns or reduce_only or linked_to:
            command = SubmitOrder(
                self.account_id,
                instrument_id,
                client_order_id,
                side,
                _LIMIT,
                _GTD if expire_ns else time_in_force,
                index(quantity_lots),
                index(limit_ticks),
                post_only,
                display_lots=index(display_lots),
                expire_ns=index(expire_ns),
                reduce_only=reduce_only,
                linked_client_id=linked_to or _NO_ORDER,
            )
        else:
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

    def submit_market(
        self, instrument_id: InstrumentId, side: Side, quantity_lots: int, *, reduce_only: bool = False
    ) -> ClientOrderId:
        desk = self._desk
        client_order_id = desk.new_client_order_id()
        lots = index(quantity_lots)
        command = SubmitOrder(
            self.account_id,
            instrument_id,
            client_order_id,
            side,
            _MARKET,
            _IOC,
            lots,
            reduce_only=reduce_only,
        )
        desk.submit(self.now_ns, command)
        return client_order_id

    def submit_stop(
        self,
        instrument_id: InstrumentId,
        side: Side,
        quantity_lots: int,
        trigger_ticks: int,
        *,
        limit_ticks: int = 0,
        trigger_source: TriggerSource = _LAST,
        expire_ns: int = 0,
        reduce_only: bool = False,
        close_position: bool = False,
        linked_to: ClientOrderId | None = None,
    ) -> ClientOrderId:
        return self._submit_trigger(
            instrument_id,
            side,
            OrderType.STOP_LIMIT if limit_ticks else OrderType.STOP_MARKET,
            quantity_lots,
            limit_ticks=limit_ticks,
            trigger_ticks=trigger_ticks,
            trigger_source=trigger_source,
            expire_ns=expire_ns,
            reduce_only=reduce_only,
            close_position=close_position,
            linked_to=linked_to,
        )

    def submit_take_profit(
        self,
        instrument_id: InstrumentId,
        side: Side,
        quantity_lots: int,
        trigger_ticks: int,
        *,
        limit_ticks: int = 0,
        trigger_source: TriggerSource = _LAST,
        expire_ns: int = 0,
        reduce_only: bool = False,
        close_position: bool = False,
        linked_to: ClientOrderId | None = None,
    ) -> ClientOrderId:
        return self._submit_trigger(
            instrument_id,
            side,
            OrderType.TAKE_PROFIT_LIMIT if limit_ticks else OrderType.TAKE_PROFIT_MARKET,
            quantity_lots,
            limit_ticks=limit_ticks,
            trigger_ticks=trigger_ticks,
            trigger_source=trigger_source,
            expire_ns=expire_ns,
            reduce_only=reduce_only,
            close_position=close_position,
            linked_to=linked_to,
        )

    def submit_trailing_stop(
        self,
        instrument_id: InstrumentId,
        side: Side,
        quantity_lots: int,
        trail_ticks: int,
        *,
        trigger_source: TriggerSource = _LAST,
        expire_ns: int = 0,
        reduce_only: bool = False,
        close_position: bool = False,
        linked_to: ClientOrderId | None = None,
    ) -> ClientOrderId:
        return self._submit_trigger(
            instrument_id,
            side,
            OrderType.TRAILING_STOP,
            quantity_lots,
            trail_ticks=trail_ticks,
            trigger_source=trigger_source,
            expire_ns=expire_ns,
            reduce_only=reduce_only,
            close_position=close_position,
            linked_to=linked_to,
        )

    def _submit_trigger(
        self,
        instrument_id: InstrumentId,
        side: Side,
        order_type: OrderType,
        quantity_lots: int,
        *,
        trigger_source: TriggerSource,
        expire_ns: int,
        reduce_only: bool,
        close_position: bool,
        linked_to: ClientOrderId | None,
        limit_ticks: int = 0,
        trigger_ticks: int = 0,
        trail_ticks: int = 0,
    ) -> ClientOrderId:
        client_order_id = self._desk.new_client_order_id()
        command = SubmitOrder(
            self.account_id,
            instrument_id,
            client_order_id,
            side,
            order_type,
            _GTD if expire_ns else _GTC,
            index(quantity_lots),
            index(limit_ticks),
            trigger_ticks=index(trigger_ticks),
            trigger_source=trigger_source,
            trail_ticks=index(trail_ticks),
            expire_ns=index(expire_ns),
            reduce_only=reduce_only,
            close_position=close_position,
            linked_client_id=linked_to or _NO_ORDER,
        )
        self._desk.submit(self.now_ns, command)
        return client_order_id

    def submit_oco(
        self,
        instrument_id: InstrumentId,
        side: Side,
        quantity_lots: int,
        limit_ticks: int,
        stop_ticks: int,
        *,
        stop_limit_ticks: int = 0,
        trigger_source: TriggerSource = _LAST,
        reduce_only: bool = False,
    ) -> tuple[ClientOrderId, ClientOrderId]:
        limit_id = self.submit_limit(
            instrument_id, side, quantity_lots, limit_ticks, post_only=True, reduce_only=reduce_only
        )
        stop_id = self.submit_stop(
            instrument_id,
            side,
            quantity_lots,
            stop_ticks,
            limit_ticks=stop_limit_ticks,
            trigger_source=trigger_source,
            reduce_only=reduce_only,
            linked_to=limit_id,
        )
        return limit_id, stop_id

    def submit_bracket(
        self,
        instrument_id: InstrumentId,
        side: Side,
        quantity_lots: int,
        *,
        limit_ticks: int = 0,
        stop_loss_ticks: int = 0,
        take_profit_ticks: int = 0,
        trigger_source: TriggerSource = _LAST,
        post_only: bool = False,
        expire_ns: int = 0,
    ) -> ClientOrderId:
        client_order_id = self._desk.new_client_order_id(3)
        command = SubmitOrder(
            self.account_id,
            instrument_id,
            client_order_id,
            side,
            _LIMIT if limit_ticks else _MARKET,
            _GTD if expire_ns else (_GTC if limit_ticks else _IOC),
            index(quantity_lots),
            index(limit_ticks),
            post_only,
            expire_ns=index(expire_ns),
            trigger_source=trigger_source,
            stop_loss_ticks=index(stop_loss_ticks),
            take_profit_ticks=index(take_profit_ticks),
        )
        self._desk.submit(self.now_ns, command)
        return client_order_id

    def close_position(self, instrument_id: InstrumentId) -> ClientOrderId | None:
        lots = self._portfolio.positions[instrument_id].lots
        if not lots:
            return None
        side = Side.SELL if lots > 0 else Side.BUY
        if self.instruments[instrument_id].is_spot:
            most = self.instruments[instrument_id].maximum_order_lots
            return self.submit_market(instrument_id, side, min(lots, most))
        client_order_id = self._desk.new_client_order_id()
        command = SubmitOrder(
            self.account_id, instrument_id, client_order_id, side, _MARKET, _IOC, 0, close_position=True
        )
        self._desk.submit(self.now_ns, command)
        return client_order_id

    def modify(
        self,
        client_order_id: ClientOrderId,
        *,
        quantity_lots: int | None = None,
        limit_ticks: int | None = None,
        trigger_ticks: int | None = None,
    ) -> None:
        self._desk.modify(self.now_ns, client_order_id, quantity_lots, limit_ticks, trigger_ticks)

    def replace(
        self,
        client_order_id: ClientOrderId,
        quantity_lots: int,
        limit_ticks: int,
        *,
        side: Side | None = None,
        time_in_force: TimeInForce = _GTC,
        post_only: bool = False,
        display_lots: int = 0,
        expire_ns: int = 0,
        reduce_only: bool = False,
    ) -> ClientOrderId:
        replaced = self._tracker.orders.get(client_order_id)
        if replaced is None:
            raise ValueError(f"client_order_id: expected an own order, was {client_order_id}")
        new_id = self._desk.new_client_order_id()
        order = SubmitOrder(
            self.account_id,
            replaced.instrument_id,
            new_id,
            replaced.side if side is None else side,
            _LIMIT,
            _GTD if expire_ns else time_in_force,
            index(quantity_lots),
            index(limit_ticks),
            post_only,
            display_lots=index(display_lots),
            expire_ns=index(expire_ns),
            reduce_only=reduce_only,
        )
        command = ReplaceOrder(self.account_id, replaced.instrument_id, client_order_id, order)
        self._desk.replace(self.now_ns, command)
        return new_id

    def cancel(self, client_order_id: ClientOrderId) -> None:
        self._desk.cancel(self.now_ns, client_order_id)

    def cancel_all(self, instrument_id: InstrumentId | None = None) -> None:
        self._desk.cancel_all(self.now_ns, instrument_id)

    def set_leverage(self, instrument_id: InstrumentId, leverage: int) -> None:
        self._desk.account(self.now_ns, SetLeverage(self.account_id, instrument_id, index(leverage)))

    def set_margin_mode(self, instrument_id: InstrumentId, margin_mode: MarginMode) -> None:
        command = SetMarginMode(self.account_id, instrument_id, MarginMode(margin_mode))
        self._desk.account(self.now_ns, command)

    def move_margin(self, instrument_id: InstrumentId, atoms: int) -> None:
        self._desk.account(self.now_ns, MoveMargin(self.account_id, instrument_id, index(atoms)))

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
