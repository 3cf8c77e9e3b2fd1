"""The risk gate: the only door through which an account's commands leave."""

from __future__ import annotations

from collections import deque
from decimal import Decimal
from typing import Final, Generic, TypeVar, final

from actors.portfolio import Portfolio
from actors.risk import RiskLimits, RiskState
from actors.tracker import OrderTracker, TrackedOrder
from exchange_sim.model.commands import CancelAll, CancelOrder, Command, ModifyOrder, SubmitOrder
from exchange_sim.model.enums import OrderType, Reason, Side
from exchange_sim.model.ids import InstrumentId
from exchange_sim.model.instrument import ASSET_SCALE

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


class RiskGate:
    """Holds an account to its limits.

    A limit stops what would go, or go further, beyond it: reducing is never refused for a size that is
    already too large. Cancels always pass.

    Parameters
    ----------
    limits
        What is allowed.
    portfolio, tracker
        The account's books, which the gate reads and never changes.
    """

    __slots__ = (
        "_daily_atoms",
        "_day",
        "_day_equity",
        "_gross_atoms",
        "_limits",
        "_order_atoms",
        "_peak",
        "_portfolio",
        "_position_atoms",
        "_sent",
        "_sized",
        "_tracker",
        "_unlimited",
        "loss_reason",
        "state",
        "watches_equity",
    )

    def __init__(self, limits: RiskLimits, portfolio: Portfolio, tracker: OrderTracker) -> None:
        self._limits = limits
        self._portfolio = portfolio
        self._tracker = tracker
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
        self.state = _ACTIVE
        self.loss_reason = _NONE
        """Which loss limit put the gate into its state."""
        self.watches_equity = limits.daily_loss is not None or limits.drawdown is not None
        """Whether `observe` needs to be called when prices move."""

    def submit(self, command: SubmitOrder, now_ns: int) -> RiskApproved[SubmitOrder] | Reason:
        """Let an order through, or say why not. Counts it if it goes."""
        if command.quantity_lots <= 0 or (command.order_type is OrderType.LIMIT and command.limit_ticks <= 0):
            return Reason.RISK_INVALID_ORDER
        if not (self._unlimited and self.state is _ACTIVE):
            reason = self._refusal(
                command.instrument_id,
                command.side,
                command.quantity_lots,
                command.limit_ticks,
                now_ns,
            )
            limit = self._limits.open_orders
            if reason is _NONE and limit is not None and len(self._tracker.open) >= limit:
                reason = Reason.RISK_OPEN_ORDERS
            if reason is not _NONE:
                return reason
            self._sent.append(now_ns)
        return RiskApproved(command, now_ns, _TOKEN)

    def modify(
        self, command: ModifyOrder, order: TrackedOrder, now_ns: int
    ) -> RiskApproved[ModifyOrder] | Reason:
        """Let a modification through, or say why not. What it adds is held to the limits like a new order."""
        if command.quantity_lots <= 0 or command.limit_ticks <= 0:
            return Reason.RISK_INVALID_ORDER
        if not (self._unlimited and self.state is _ACTIVE):
            added = command.quantity_lots - order.filled_lots - order.leaves_lots
            reason = self._refusal(
                command.instrument_id, order.side, max(added, 0), command.limit_ticks, now_ns
            )
            whole = command.limit_ticks * command.quantity_lots
            if reason is _NONE and self._too_large(command.instrument_id, whole):
                reason = Reason.RISK_ORDER_NOTIONAL
            if reason is not _NONE:
                return reason
            self._sent.append(now_ns)
        return RiskApproved(command, now_ns, _TOKEN)

    def cancel(self, command: CancelOrder, now_ns: int) -> RiskApproved[CancelOrder]:
        """Let a cancel through, whatever the state."""
        return RiskApproved(command, now_ns, _TOKEN)

    def cancel_all(self, command: CancelAll, now_ns: int) -> RiskApproved[CancelAll]:
        """Let a cancel of all orders through, whatever the state."""
        return RiskApproved(command, now_ns, _TOKEN)

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
                self.state = _ACTIVE
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

    def _refusal(
        self, instrument_id: InstrumentId, side: Side, lots: int, limit_ticks: int, now_ns: int
    ) -> Reason:
        """Return why `lots` more on a side may not go, NONE if they may. `limit_ticks` is 0 at the market."""
        reason = self._state_refusal(instrument_id, side, lots)
        if reason is _NONE and self._limits.orders_per_second is not None:
            sent = self._sent
            if len(sent) == sent.maxlen and now_ns - sent[0] < _SECOND_NS:
                return Reason.RISK_ORDER_RATE
        if reason is _NONE and limit_ticks and self._limits.price_band_bps is not None:
            reason = self._price_refusal(instrument_id, side, limit_ticks, self._limits.price_band_bps)
        if reason is _NONE and lots and (self._order_atoms is not None or self._sized):
            reason = self._size_refusal(instrument_id, side, lots, limit_ticks)
        return reason

    def _state_refusal(self, instrument_id: InstrumentId, side: Side, lots: int) -> Reason:
        if self.state is _HALTED:
            return Reason.RISK_HALTED
        if self.state is _REDUCING and lots and not self._reduces(instrument_id, side, lots):
            return Reason.RISK_REDUCING_ONLY
        return _NONE

    def _price_refusal(
        self, instrument_id: InstrumentId, side: Side, limit_ticks: int, band_bps: float
    ) -> Reason:
        reference = self._portfolio.mark_half_ticks(instrument_id)
        if not reference:
            return Reason.RISK_NO_REFERENCE_PRICE
        distance = side.sign * (2 * limit_ticks - reference)
        return Reason.RISK_PRICE_BAND if distance * _BPS > band_bps * reference else _NONE

    def _size_refusal(self, instrument_id: InstrumentId, side: Side, lots: int, limit_ticks: int) -> Reason:
        reference = self._portfolio.mark_half_ticks(instrument_id)
        half_ticks = 2 * limit_ticks or reference
        if not half_ticks or (self._sized and not reference):
            return Reason.RISK_NO_REFERENCE_PRICE
        if self._too_large(instrument_id, half_ticks * lots // 2):
            return Reason.RISK_ORDER_NOTIONAL
        return self._reach_refusal(instrument_id, side, lots) if self._sized else _NONE

    def _too_large(self, instrument_id: InstrumentId, tick_lots: int) -> bool:
        position = self._portfolio.positions[instrument_id]
        limit = self._order_atoms
        return limit is not None and tick_lots * position.atoms_per_tick_lot > limit

    def _reduces(self, instrument_id: InstrumentId, side: Side, lots: int) -> bool:
        held = self._portfolio.positions[instrument_id].lots
        totals = self._tracker.totals[instrument_id]
        if side is Side.BUY:
            return totals.buy_lots + lots <= -held
        return totals.sell_lots + lots <= held

    def _reach(self, instrument_id: InstrumentId, bought: int = 0, sold: int = 0) -> int:
        """Return the largest value, at the mark, that open orders (and more of them) can lead to."""
        position = self._portfolio.positions[instrument_id]
        totals = self._tracker.totals[instrument_id]
        long = abs(position.lots + totals.buy_lots + bought)
        short = abs(position.lots - totals.sell_lots - sold)
        half_ticks = self._portfolio.mark_half_ticks(instrument_id)
        return max(long, short) * half_ticks * position.atoms_per_tick_lot // 2

    def _reach_refusal(self, instrument_id: InstrumentId, side: Side, lots: int) -> Reason:
        before = self._reach(instrument_id)
        if side is Side.BUY:
            after = self._reach(instrument_id, bought=lots)
        else:
            after = self._reach(instrument_id, sold=lots)
        if after <= before:
            return _NONE
        if self._position_atoms is not None and after > self._position_atoms:
            return Reason.RISK_POSITION_NOTIONAL
        others = (self._reach(each) for each in self._portfolio.positions if each != instrument_id)
        gross = after + sum(others)
        if self._gross_atoms is not None and gross > self._gross_atoms:
            return Reason.RISK_GROSS_NOTIONAL
        leverage = self._limits.leverage
        if leverage is not None and gross > leverage * self._portfolio.equity_atoms():
            return Reason.RISK_LEVERAGE
        return _NONE


def _atoms(money: Decimal | None) -> int | None:
    """Return an amount of the settlement asset in atoms, rounded down; None for no limit."""
    return None if money is None else int(money * 10**ASSET_SCALE)
