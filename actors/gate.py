"""The risk gate: the only door through which an account's commands leave."""

from __future__ import annotations

from collections import deque
from decimal import Decimal
from typing import Final, Generic, NamedTuple, TypeVar, final

import msgspec

from actors.exposure import Exposure
from actors.offers import missing_offer
from actors.portfolio import Portfolio
from actors.risk import RiskLimits, RiskState
from actors.tracker import OrderTracker, TrackedOrder
from exchange_sim.model.commands import (
    AccountCommand,
    CancelAll,
    CancelOrder,
    Command,
    ModifyOrder,
    MoveMargin,
    ReplaceOrder,
    SetLeverage,
    SubmitOrder,
)
from exchange_sim.model.enums import OrderType, Reason, Side
from exchange_sim.model.ids import InstrumentId
from exchange_sim.model.instrument import ASSET_SCALE
from exchange_sim.ports import EVERYTHING, Capabilities

_SECOND_NS = 1_000_000_000
_DAY_NS = 86_400 * _SECOND_NS
_BPS = 10_000
_NONE = Reason.NONE
_ACTIVE, _REDUCING, _HALTED = RiskState.ACTIVE, RiskState.REDUCING, RiskState.HALTED

C_co = TypeVar("C_co", bound=Command, covariant=True)


@final
class _Token:
    """What only this module has."""


_TOKEN: Final = _Token()


@final
class RiskApproved(Generic[C_co]):
    """A command that has passed the gate. Venues send nothing else, and only the gate can make one."""

    __slots__ = ("command", "ts_ns")

    def __init__(self, command: C_co, ts_ns: int, token: _Token) -> None:
        if token is not _TOKEN:
            raise TypeError("RiskApproved is made by RiskGate only")
        self.command: C_co = command
        self.ts_ns = ts_ns

    def __repr__(self) -> str:
        return f"RiskApproved({self.command!r}, ts_ns={self.ts_ns})"


class _Terms(NamedTuple):
    """What the limits look at: `added_lots` of `whole_lots` could make a position larger."""

    instrument_id: InstrumentId
    side: Side
    added_lots: int
    whole_lots: int
    limit_ticks: int
    trigger_ticks: int


class RiskGate:
    """Holds an account to its limits, and to what its venue offers.

    A limit stops what would go, or go further, beyond it: reducing is never refused for a size that is
    already too large. Trigger orders count as if they had fired, at their limit, else at their trigger.
    Cancels always pass.

    Parameters
    ----------
    limits
        What is allowed.
    portfolio, tracker
        The account's books, which the gate reads and never changes.
    capabilities
        Of the venue.
    """

    __slots__ = (
        "_capabilities",
        "_daily_atoms",
        "_day",
        "_day_equity",
        "_exposure",
        "_gross_atoms",
        "_limits",
        "_offers_all",
        "_order_atoms",
        "_paused",
        "_peak",
        "_portfolio",
        "_position_atoms",
        "_resting",
        "_sent",
        "_sized",
        "_tracker",
        "_unlimited",
        "loss_reason",
        "state",
        "watches_equity",
    )

    def __init__(
        self,
        limits: RiskLimits,
        portfolio: Portfolio,
        tracker: OrderTracker,
        capabilities: Capabilities = EVERYTHING,
    ) -> None:
        self._limits = limits
        self._portfolio = portfolio
        self._tracker = tracker
        self._exposure = Exposure(portfolio, tracker)
        self._capabilities = capabilities
        told = msgspec.structs.replace(capabilities, market_data=True, snapshot=True, query=True)
        self._offers_all = told == EVERYTHING
        self._sent: deque[int] = deque(maxlen=limits.orders_per_second or 1)
        self._sized = (
            limits.position_notional is not None
            or limits.gross_notional is not None
            or limits.leverage is not None
        )
        self._unlimited = limits == RiskLimits(on_loss=limits.on_loss)
        self._order_atoms = _atoms(limits.order_notional)
        self._position_atoms = _atoms(limits.position_notional)
        self._gross_atoms = _atoms(limits.gross_notional)
        self._daily_atoms = _atoms(limits.daily_loss)
        self._day = -1
        self._day_equity = 0
        self._peak = 0
        self.state = self._resting = _ACTIVE
        self._paused = False
        self.loss_reason = _NONE
        """Which loss limit put the gate into its state."""
        self.watches_equity = limits.daily_loss is not None or limits.drawdown is not None
        """Whether `observe` needs to be called when prices move."""

    def missing(self, command: SubmitOrder | ModifyOrder | ReplaceOrder | AccountCommand) -> str:
        """Return what of a command the venue does not offer; empty if it offers all."""
        return "" if self._offers_all else missing_offer(self._capabilities, command)

    def submit(self, command: SubmitOrder, now_ns: int) -> RiskApproved[SubmitOrder] | Reason:
        """Let an order through, or say why not. Counts it if it goes."""
        reason = self._new_order_refusal(command, command, command.quantity_lots, now_ns)
        return RiskApproved(command, now_ns, _TOKEN) if reason is _NONE else reason

    def replace(
        self, command: ReplaceOrder, replaced: TrackedOrder, now_ns: int
    ) -> RiskApproved[ReplaceOrder] | Reason:
        """Let an order through that takes another's place. What it adds is held to the limits."""
        order = command.order
        counted = replaced.leaves_lots if replaced.side is order.side and not replaced.reduce_only else 0
        reason = self._new_order_refusal(command, order, max(order.quantity_lots - counted, 0), now_ns, 1)
        return RiskApproved(command, now_ns, _TOKEN) if reason is _NONE else reason

    def _new_order_refusal(
        self,
        command: SubmitOrder | ReplaceOrder,
        order: SubmitOrder,
        added_lots: int,
        now_ns: int,
        ending: int = 0,
    ) -> Reason:
        """Return why a new order may not go, NONE if it may. `ending` orders make room for it."""
        if not _is_well_formed(order):
            return Reason.RISK_INVALID_ORDER
        if not self._offers_all and missing_offer(self._capabilities, command):
            return Reason.RISK_NOT_OFFERED
        if self._unlimited and self.state is _ACTIVE:
            return _NONE
        terms = _Terms(
            order.instrument_id,
            order.side,
            0 if order.reduce_only or order.close_position else added_lots,
            order.quantity_lots,
            order.limit_ticks,
            order.trigger_ticks,
        )
        reason = self._refusal(terms, now_ns)
        limit = self._limits.open_orders
        exits = (order.stop_loss_ticks > 0) + (order.take_profit_ticks > 0)
        if reason is _NONE and limit is not None and len(self._tracker.open) - ending + exits >= limit:
            reason = Reason.RISK_OPEN_ORDERS
        if reason is _NONE:
            self._sent.append(now_ns)
        return reason

    def modify(
        self, command: ModifyOrder, order: TrackedOrder, now_ns: int
    ) -> RiskApproved[ModifyOrder] | Reason:
        """Let a modification through, or say why not. What it adds is held to the limits like a new order."""
        lots, limit_ticks = command.quantity_lots, command.limit_ticks
        if (lots != 0 if order.close_position and order.waits else lots <= 0) or (
            order.order_type.has_limit and limit_ticks <= 0
        ):
            return Reason.RISK_INVALID_ORDER
        if not self._offers_all and missing_offer(self._capabilities, command):
            return Reason.RISK_NOT_OFFERED
        if not (self._unlimited and self.state is _ACTIVE):
            trigger = (command.trigger_ticks or order.trigger_ticks) if order.waits else 0
            added = 0 if order.reduce_only else max(lots - order.filled_lots - order.leaves_lots, 0)
            terms = _Terms(command.instrument_id, order.side, added, lots, limit_ticks, trigger)
            reason = self._refusal(terms, now_ns)
            if reason is not _NONE:
                return reason
            self._sent.append(now_ns)
        return RiskApproved(command, now_ns, _TOKEN)

    def account(self, command: AccountCommand, now_ns: int) -> RiskApproved[AccountCommand] | Reason:
        """Let a command about the margin through, or say why not.

        A leverage above the account's own limit does not pass; while only reducing is allowed nothing passes
        but margin that is added.
        """
        if not self._offers_all and missing_offer(self._capabilities, command):
            return Reason.RISK_NOT_OFFERED
        if self.state is _HALTED:
            return Reason.RISK_HALTED
        if self.state is _REDUCING and not (isinstance(command, MoveMargin) and command.atoms > 0):
            return Reason.RISK_REDUCING_ONLY
        if isinstance(command, SetLeverage):
            limit = self._limits.leverage
            if command.leverage < 1:
                return Reason.RISK_INVALID_ORDER
            if limit is not None and command.leverage > max(limit, 1.0):
                return Reason.RISK_LEVERAGE
        return RiskApproved(command, now_ns, _TOKEN)

    def cancel(self, command: CancelOrder, now_ns: int) -> RiskApproved[CancelOrder]:
        """Let a cancel through, whatever the state."""
        return RiskApproved(command, now_ns, _TOKEN)

    def cancel_all(self, command: CancelAll, now_ns: int) -> RiskApproved[CancelAll]:
        """Let a cancel of all orders through, whatever the state."""
        return RiskApproved(command, now_ns, _TOKEN)

    @property
    def paused(self) -> bool:
        """Whether somebody has paused the account."""
        return self._paused

    def pause(self) -> None:
        """Let nothing but cancels through until `resume`."""
        if not self._paused:
            self._paused, self._resting, self.state = True, self.state, _HALTED

    def resume(self) -> None:
        """End a pause; a state that a loss has caused is there again."""
        if self._paused:
            self._paused, self.state = False, self._resting

    def observe(self, now_ns: int) -> bool:
        """Look at the equity; return whether a loss limit was hit just now.

        The first call of each UTC day sets what daily loss is counted from, and ends a state that yesterday's
        daily loss had caused. A drawdown's state stays.
        """
        equity = self._portfolio.equity_atoms()
        day = now_ns // _DAY_NS
        if day != self._day:
            self._day = day
            self._day_equity = equity
            if self.loss_reason is Reason.RISK_DAILY_LOSS:
                self._resting = _ACTIVE
                self.state = _HALTED if self._paused else _ACTIVE
                self.loss_reason = _NONE
        self._peak = max(self._peak, equity)
        if self.state is not _ACTIVE:
            return False
        drawdown = self._limits.drawdown
        if drawdown is not None and self._peak > 0 and self._peak - equity >= drawdown * self._peak:
            self.loss_reason = Reason.RISK_DRAWDOWN
        elif self._daily_atoms is not None and self._day_equity - equity >= self._daily_atoms:
            self.loss_reason = Reason.RISK_DAILY_LOSS
        else:
            return False
        self.state = _HALTED if self._limits.on_loss == "halt" else _REDUCING
        return True

    def _refusal(self, terms: _Terms, now_ns: int) -> Reason:
        """Return why an order with these terms may not go, NONE if it may."""
        name, side, added = terms.instrument_id, terms.side, terms.added_lots
        if self.state is _HALTED:
            return Reason.RISK_HALTED
        if self.state is _REDUCING and added and not self._exposure.reduces(name, side, added):
            return Reason.RISK_REDUCING_ONLY
        if self._limits.orders_per_second is not None:
            sent = self._sent
            if len(sent) == sent.maxlen and now_ns - sent[0] < _SECOND_NS:
                return Reason.RISK_ORDER_RATE
        reason = self._price_refusal(terms)
        if reason is _NONE and terms.whole_lots:
            reason = self._value_refusal(terms)
        if reason is _NONE and added and self._sized:
            reason = self._reach_refusal(name, side, added)
        return reason

    def _price_refusal(self, terms: _Terms) -> Reason:
        """Hold a limit to the band around the mark, or around its own trigger where it waits for one."""
        band_bps = self._limits.price_band_bps
        if band_bps is None or not terms.limit_ticks:
            return _NONE
        reference = 2 * terms.trigger_ticks or self._exposure.mark_half_ticks(terms.instrument_id)
        if not reference:
            return Reason.RISK_NO_REFERENCE_PRICE
        distance = terms.side.sign * (2 * terms.limit_ticks - reference)
        return Reason.RISK_PRICE_BAND if distance * _BPS > band_bps * reference else _NONE

    def _value_refusal(self, terms: _Terms) -> Reason:
        """Hold the value of one order to its limit: at its limit, its trigger, else the mark."""
        limit = self._order_atoms
        if limit is None:
            return _NONE
        half_ticks = 2 * (terms.limit_ticks or terms.trigger_ticks)
        half_ticks = half_ticks or self._exposure.mark_half_ticks(terms.instrument_id)
        if not half_ticks:
            return Reason.RISK_NO_REFERENCE_PRICE
        value = self._exposure.value_atoms(terms.instrument_id, half_ticks * terms.whole_lots // 2)
        return Reason.RISK_ORDER_NOTIONAL if value > limit else _NONE

    def _reach_refusal(self, instrument_id: InstrumentId, side: Side, lots: int) -> Reason:
        exposure = self._exposure
        if not exposure.mark_half_ticks(instrument_id):
            return Reason.RISK_NO_REFERENCE_PRICE
        after = exposure.reach_with(instrument_id, side, lots)
        if after <= exposure.reach(instrument_id):
            return _NONE
        if self._position_atoms is not None and after > self._position_atoms:
            return Reason.RISK_POSITION_NOTIONAL
        gross = after + exposure.reach_of_others(instrument_id)
        if self._gross_atoms is not None and gross > self._gross_atoms:
            return Reason.RISK_GROSS_NOTIONAL
        leverage = self._limits.leverage
        if leverage is not None and gross > leverage * exposure.equity_atoms():
            return Reason.RISK_LEVERAGE
        return _NONE


def _is_well_formed(order: SubmitOrder) -> bool:
    """Return whether quantity and prices are such as the order's type needs."""
    if (order.quantity_lots != 0) if order.close_position else (order.quantity_lots <= 0):
        return False
    kind = order.order_type
    if kind.has_limit and order.limit_ticks <= 0:
        return False
    return (
        not kind.waits or (order.trail_ticks if kind is OrderType.TRAILING_STOP else order.trigger_ticks) > 0
    )


def _atoms(money: Decimal | None) -> int | None:
    """Return an amount of the settlement asset in atoms, rounded down; None for no limit."""
    return None if money is None else int(money * 10**ASSET_SCALE)
