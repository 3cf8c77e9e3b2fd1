"""Money as the exchange sees it: balances, margins, funds, and that nothing is made or lost."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np

from exchange_sim.compiled import compiled
from exchange_sim.engine.clearing import exposure
from exchange_sim.engine.margin import (
    available_atoms,
    initial_ppm_of,
    maintenance_of,
    required_for,
    unrealized,
)
from exchange_sim.engine.marks import value_at_mark
from exchange_sim.engine.memory import Memory
from exchange_sim.engine.pointers import header_at, instrument_at, position_at, store
from exchange_sim.engine.state import open_state
from exchange_sim.model.enums import MarginMode
from exchange_sim.model.ids import AccountId, AssetId, InstrumentId
from exchange_sim.model.instrument import ASSET_SCALE, Instrument


class ConservationError(RuntimeError):
    """Money or contracts appeared or vanished: a defect of the engine, never of a caller."""


class PositionMargin(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What backs a position, in atoms of the settlement asset.

    `required_atoms` is what the position and its account's open orders in the instrument take of the
    account's equity, `initial_ppm` the rate of it; `margin_atoms` an isolated position's own margin.
    """

    margin_mode: MarginMode
    initial_ppm: int
    required_atoms: int
    maintenance_atoms: int
    unrealized_atoms: int
    margin_atoms: int


def decimal_of(atoms: int) -> Decimal:
    """Return an amount in units of its asset."""
    return Decimal(atoms).scaleb(-ASSET_SCALE)


def assets_of(instruments: Sequence[Instrument]) -> tuple[AssetId, ...]:
    """Return all assets, in order of first appearance, of each instrument the settlement asset first."""
    return tuple(dict.fromkeys(asset for each in instruments for asset in each.assets))


@compiled
def _scan_available(address: int, account: int, asset: int) -> int:
    state = open_state(address)
    return available_atoms(state, header_at(state.header, 0), account, asset)


@compiled
def _scan_margin(address: int, account: int, index: int, target: int) -> None:
    """Write initial rate, required, maintenance and unrealized of a position at address `target`."""
    state = open_state(address)
    header = header_at(state.header, 0)
    instrument = instrument_at(state.instruments, index)
    position = position_at(state.positions, account * header.instruments + index)
    value = exposure(position.cost_atoms, position.open_buy_atoms, position.open_sell_atoms)
    store(target, 0, initial_ppm_of(state, header, index, instrument, position, value))
    store(target, 1, required_for(state, header, index, instrument, position, value))
    store(target, 2, maintenance_of(state, header, index, instrument, value_at_mark(instrument, position)))
    store(target, 3, unrealized(instrument, position))


class MoneyView:
    """What can be asked about money; a part of `ExchangeView`.

    Accounts and instruments are named by their ids, assets too; where an exchange has only one asset it need
    not be named. Unknown names raise KeyError.
    """

    def __init__(self, instruments: Sequence[Instrument], memory: Memory, accounts: list[AccountId]) -> None:
        self.instruments = tuple(instruments)
        self.assets = assets_of(instruments)
        self._memory = memory
        self._account_names = accounts
        self._account_numbers = {name: number for number, name in enumerate(accounts)}
        self._instrument_names = [each.instrument_id for each in instruments]
        self._instrument_numbers = {name: number for number, name in enumerate(self._instrument_names)}
        self._asset_numbers = {name: number for number, name in enumerate(self.assets)}

    @property
    def address(self) -> int:
        """Of the block of state, for compiled code (`exchange_sim.engine.core`). Changes with growth."""
        return self._memory.address

    def account_index(self, account_id: str) -> int:
        """Return the number of an account in command and event rows."""
        return self._account_numbers[AccountId(account_id)]

    def instrument_index(self, instrument_id: str) -> int:
        """Return the number of an instrument in command and event rows."""
        return self._instrument_numbers[InstrumentId(instrument_id)]

    def asset_index(self, asset: str | None = None) -> int:
        """Return the number of an asset in command and event rows; of the only one where None."""
        if asset is None:
            if len(self.assets) > 1:
                raise ValueError(f"asset: expected one of {', '.join(self.assets)}, was none")
            return 0
        return self._asset_numbers[AssetId(asset)]

    def balance_atoms(self, account_id: str, asset: str | None = None) -> int:
        """Return cash: deposits plus realized profit less fees, without positions and isolated margins."""
        return int(self._memory.balances[self.account_index(account_id), self.asset_index(asset)])

    def held_atoms(self, account_id: str, asset: str | None = None) -> int:
        """Return what the account's spot orders hold of an asset."""
        return int(self._memory.held[self.account_index(account_id), self.asset_index(asset)])

    def free_atoms(self, account_id: str, asset: str | None = None) -> int:
        """Return what the account may withdraw or spend on spot; negative where margin is lacking."""
        account, number = self.account_index(account_id), self.asset_index(asset)
        return int(_scan_available(self.address, account, number))

    def equity_atoms(self, account_id: str, asset: str | None = None) -> int:
        """Return cash, isolated margins and the unrealized profit of open positions at their marks."""
        account, settle = self.account_index(account_id), self.asset_index(asset)
        equity = int(self._memory.balances[account, settle])
        rows = zip(self._memory.instruments, self._memory.positions[account], strict=True)
        for instrument, position in rows:
            if int(instrument["settle"]) == settle:
                unit = int(instrument["mark_ticks"]) * int(instrument["atoms_per_tick_lot"])
                equity += int(position["lots"]) * unit - int(position["cost_atoms"])
                equity += int(position["margin_atoms"])
        return equity

    def margin(self, account_id: str, instrument_id: str) -> PositionMargin:
        """Return what backs a position and what its account's orders in the instrument need."""
        account, index = self.account_index(account_id), self.instrument_index(instrument_id)
        words = np.zeros(4, np.int64)
        _scan_margin(self.address, account, index, words.ctypes.data)
        row = self._memory.positions[account, index]
        rate, required, maintenance, profit = words.tolist()
        return PositionMargin(
            MarginMode(int(row["isolated"])), rate, required, maintenance, profit, int(row["margin_atoms"])
        )

    def insurance_atoms(self, asset: str | None = None) -> int:
        """Return the insurance fund."""
        return int(self._memory.insurance[self.asset_index(asset)])

    def fees_atoms(self, asset: str | None = None) -> int:
        """Return the fee account."""
        return int(self._memory.fees[self.asset_index(asset)])

    def balance(self, account_id: str, asset: str | None = None) -> Decimal:
        """Return `balance_atoms` in units of the asset."""
        return decimal_of(self.balance_atoms(account_id, asset))

    def held(self, account_id: str, asset: str | None = None) -> Decimal:
        """Return `held_atoms` in units of the asset."""
        return decimal_of(self.held_atoms(account_id, asset))

    def free(self, account_id: str, asset: str | None = None) -> Decimal:
        """Return `free_atoms` in units of the asset."""
        return decimal_of(self.free_atoms(account_id, asset))

    def equity(self, account_id: str, asset: str | None = None) -> Decimal:
        """Return `equity_atoms` in units of the asset."""
        return decimal_of(self.equity_atoms(account_id, asset))

    def insurance_fund(self, asset: str | None = None) -> Decimal:
        """Return `insurance_atoms` in units of the asset."""
        return decimal_of(self.insurance_atoms(asset))

    def fees_collected(self, asset: str | None = None) -> Decimal:
        """Return `fees_atoms` in units of the asset."""
        return decimal_of(self.fees_atoms(asset))

    def check_conservation(self) -> None:
        """Check that nothing was made or lost, exactly.

        Raises
        ------
        ConservationError
            Balances, isolated margins, fee account and insurance fund less costs of positions differ from
            deposits less withdrawals, or lots do not sum to zero.
        """
        memory, settle = self._memory, self._memory.instruments["settle"]
        backing = memory.positions["margin_atoms"] - memory.positions["cost_atoms"]
        for number, asset in enumerate(self.assets):
            # Python integers: sums over many accounts may pass 64 bits.
            found = sum(memory.balances[:, number].tolist()) + _total(backing[:, settle == number])
            found += int(memory.fees[number]) + int(memory.insurance[number])
            if found != int(memory.deposits[number]):
                raise ConservationError(
                    f"{asset}: expected {int(memory.deposits[number])} atoms, was {found}"
                )
        for number, name in enumerate(self._instrument_names):
            total = _total(memory.positions["lots"][:, number])
            if total != 0:
                raise ConservationError(f"{name}: expected positions to sum to 0 lots, was {total}")


def _total(numbers: Any) -> int:
    return sum(numbers.ravel().tolist())
