"""What accounts do about their margin, and what the operator does, for people."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from exchange_sim.engine.row_exchange import Number, RowExchange
from exchange_sim.model.enums import CommandKind, MarginMode, TradingState
from exchange_sim.model.events import ExchangeEvent
from exchange_sim.model.instrument import ASSET_SCALE, MAXIMUM_NOTIONAL_ATOMS, MAXIMUM_TICKS

_FUND, _SET_INDEX = int(CommandKind.FUND), int(CommandKind.SET_INDEX)
_SET_STATE, _ADVANCE = int(CommandKind.SET_STATE), int(CommandKind.ADVANCE)
_SET_LEVERAGE, _SET_MARGIN_MODE = int(CommandKind.SET_LEVERAGE), int(CommandKind.SET_MARGIN_MODE)
_MOVE_MARGIN, _WITHDRAW = int(CommandKind.MOVE_MARGIN), int(CommandKind.WITHDRAW)
_FEED_INSURANCE = int(CommandKind.FEED_INSURANCE)
_MODES = {"cross": MarginMode.CROSS, "isolated": MarginMode.ISOLATED}
_LARGEST_RATE_PPB = 10**9
_INT64 = 2**63


class ManagedExchange(RowExchange):
    """The part of `Exchange` about margin, funding, funds and trading states; see there.

    What an account asks for may be refused: that is an `AccountRejected` event, never an exception. Numbers
    that are no amounts raise ValueError, unknown names KeyError.
    """

    def set_leverage(
        self, account_id: str, instrument_id: str, leverage: int, *, ts_ns: int | None = None
    ) -> list[ExchangeEvent]:
        """Choose how many times its margin an account's position in an instrument may be worth."""
        return self._manage(_SET_LEVERAGE, account_id, instrument_id, leverage, ts_ns)

    def set_margin_mode(
        self,
        account_id: str,
        instrument_id: str,
        mode: MarginMode | Literal["cross", "isolated"],
        *,
        ts_ns: int | None = None,
    ) -> list[ExchangeEvent]:
        """Choose cross or isolated margin for an instrument in which the account has nothing open."""
        if not isinstance(mode, MarginMode):
            if mode not in _MODES:
                raise ValueError(f"mode: expected 'cross' or 'isolated', was {mode!r}")
            mode = _MODES[mode]
        return self._manage(_SET_MARGIN_MODE, account_id, instrument_id, mode, ts_ns)

    def move_margin(
        self, account_id: str, instrument_id: str, amount: Number, *, ts_ns: int | None = None
    ) -> list[ExchangeEvent]:
        """Add to the margin of an isolated position, or (negative) take from it, in units of the asset."""
        return self._manage(_MOVE_MARGIN, account_id, instrument_id, _atoms("amount", amount), ts_ns)

    def _manage(
        self, kind: int, account_id: str, instrument_id: str, number: int, ts_ns: int | None
    ) -> list[ExchangeEvent]:
        account, index = self.account_index(account_id), self.instrument_index(instrument_id)
        if not -_INT64 <= number < _INT64:
            raise ValueError(f"number: expected a number of 64 bits, was {number}")
        return self._command(kind, account, index, 0, number, ts_ns)

    def _command(
        self, kind: int, account: int, index: int, price: int, quantity: int, ts_ns: int | None
    ) -> list[ExchangeEvent]:
        if ts_ns is not None:
            self.now_ns = ts_ns
        return self._execute(self.now_ns, kind, account, index, 0, 0, 0, 0, 0, price, quantity, 0, 0)

    def withdraw(
        self,
        account_id: str,
        amount: Number | None = None,
        *,
        atoms: int = 0,
        asset: str | None = None,
        ts_ns: int | None = None,
    ) -> list[ExchangeEvent]:
        """Take money out of the exchange: `amount` in units of the asset, or `atoms`; return what follows.

        Raises
        ------
        ValueError
            The sum is not positive, not whole in atoms, or more than `free_atoms`.
        """
        account, settle = self.account_index(account_id), self.asset_index(asset)
        atoms = atoms if amount is None else _atoms("amount", amount)
        free = self.free_atoms(account_id, asset)
        if not 1 <= atoms <= free:
            raise ValueError(f"amount: expected 1 to {max(0, free)} atoms, was {atoms}")
        return self._command(_WITHDRAW, account, settle, 0, atoms, ts_ns)

    def feed_insurance(
        self, amount: Number | None = None, *, atoms: int = 0, asset: str | None = None
    ) -> None:
        """Add to the insurance fund of an asset: `amount` in units of it, or `atoms`; raises as `deposit`."""
        settle = self.asset_index(asset)
        self._command(_FEED_INSURANCE, -1, settle, 0, self._checked_deposit(amount, atoms, settle), None)

    def set_index(
        self, instrument_id: str, price_ticks: int, *, ts_ns: int | None = None
    ) -> list[ExchangeEvent]:
        """Tell the price of the underlying; marks that follow it move, and liquidations may follow.

        Raises
        ------
        ValueError
            The price is out of range.
        """
        index = self.instrument_index(instrument_id)
        highest = min(MAXIMUM_TICKS, MAXIMUM_NOTIONAL_ATOMS // self.instruments[index].atoms_per_tick_lot)
        if not 1 <= price_ticks <= highest:
            raise ValueError(f"price_ticks: expected 1 to {highest}, was {price_ticks}")
        return self._command(_SET_INDEX, -1, index, price_ticks, 0, ts_ns)

    def set_state(
        self, instrument_id: str, state: TradingState, *, ts_ns: int | None = None
    ) -> list[ExchangeEvent]:
        """Halt an instrument, let only cancels through, or let it trade; return what follows."""
        index = self.instrument_index(instrument_id)
        return self._command(_SET_STATE, -1, index, 0, TradingState(state), ts_ns)

    def fund(
        self, instrument_id: str, rate_ppb: int | None = None, *, ts_ns: int | None = None
    ) -> list[ExchangeEvent]:
        """Let longs pay shorts `rate_ppb` billionths of their value; None: the rate that the premium makes.

        Raises
        ------
        ValueError
            The rate is out of range, or the instrument a spot pair.
        """
        index = self.instrument_index(instrument_id)
        if self.instruments[index].is_spot:
            raise ValueError(f"instrument_id: expected a perpetual, was the spot pair {instrument_id}")
        if rate_ppb is None:
            return self._command(_FUND, -1, index, 0, 1, ts_ns)
        if not -_LARGEST_RATE_PPB <= rate_ppb <= _LARGEST_RATE_PPB:
            raise ValueError(f"rate_ppb: expected at most {_LARGEST_RATE_PPB} either way, was {rate_ppb}")
        return self._command(_FUND, -1, index, rate_ppb, 0, ts_ns)

    def advance(self, ts_ns: int) -> list[ExchangeEvent]:
        """Let time pass: orders whose time is over at `ts_ns` end, each at its own time."""
        return self._command(_ADVANCE, -1, -1, 0, 0, ts_ns)


def _atoms(name: str, amount: Number) -> int:
    """Return an amount in atoms."""
    scaled = Decimal(amount).scaleb(ASSET_SCALE)
    if not scaled.is_finite() or scaled != scaled.to_integral_value() or not -_INT64 <= scaled < _INT64:
        raise ValueError(f"{name}: expected a whole number of 1e-{ASSET_SCALE}, was {amount}")
    return int(scaled)
