"""What an account did: its fills, gathered into round trips and totals.

All functions take the rows a match leaves behind: a structured array or DataFrame with the columns
`ts_ns, bot, instrument, side, price, quantity, fee, maker` in order of time, where `side` is 0 for a buy
and 1 for a sell, `price` is settlement asset per base unit, `quantity` base units (positive), `fee` the
settlement asset paid (negative for a rebate) and `maker` 1 where the bot's order was resting.
"""

from __future__ import annotations

import math

import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd

_UNITS = 1e8  # quantities are whole atoms (1e-8 of the base asset): sums of positions are exact integers

FILL_COLUMNS = ("ts_ns", "bot", "instrument", "side", "price", "quantity", "fee", "maker")

_Fills = npt.NDArray[np.void] | pd.DataFrame


class TradeTotals(msgspec.Struct, frozen=True, kw_only=True):
    """One account's trading. Money is in the settlement asset.

    `volume` is the value traded, `maker_volume` the part whose order was resting. `round_trips` counts
    the closed ones, `wins` those that earned more than their fees.
    """

    fills: int = 0
    volume: float = 0.0
    maker_volume: float = 0.0
    fees: float = 0.0
    round_trips: int = 0
    wins: int = 0

    def __add__(self, other: TradeTotals) -> TradeTotals:
        return TradeTotals(
            fills=self.fills + other.fills,
            volume=self.volume + other.volume,
            maker_volume=self.maker_volume + other.maker_volume,
            fees=self.fees + other.fees,
            round_trips=self.round_trips + other.round_trips,
            wins=self.wins + other.wins,
        )

    @property
    def maker_share(self) -> float:
        """Share of the value traded that rested in the book first; NaN without fills."""
        return self.maker_volume / self.volume if self.volume > 0 else math.nan

    @property
    def win_rate(self) -> float:
        """Share of closed round trips that earned more than their fees; NaN without any."""
        return self.wins / self.round_trips if self.round_trips else math.nan


def trade_totals(fills: _Fills, bots: int) -> list[TradeTotals]:
    """Return the totals of accounts 0 to `bots - 1`, in that order.

    Raises
    ------
    ValueError
        A fill names an account outside that range, or a column is missing.
    """
    columns = _columns(fills)
    owner = columns["bot"].astype(np.int64)
    if len(owner) and not 0 <= owner.min() <= owner.max() < bots:
        raise ValueError(f"bot: expected 0 to {bots - 1}, was {owner.min()} to {owner.max()}")
    value = columns["price"] * columns["quantity"]
    trips = _closed_trips(columns)
    trip_owner = trips["bot"]
    count = np.bincount(owner, minlength=bots)
    volume = np.bincount(owner, value, minlength=bots)
    maker = np.bincount(owner, value * (columns["maker"] != 0), minlength=bots)
    fees = np.bincount(owner, columns["fee"], minlength=bots)
    closed = np.bincount(trip_owner, minlength=bots)
    won = np.bincount(trip_owner, trips["profit"] > 0, minlength=bots)
    return [
        TradeTotals(
            fills=int(count[bot]),
            volume=float(volume[bot]),
            maker_volume=float(maker[bot]),
            fees=float(fees[bot]),
            round_trips=int(closed[bot]),
            wins=int(won[bot]),
        )
        for bot in range(bots)
    ]


def round_trips(fills: _Fills) -> pd.DataFrame:
    """Return each closed round trip: from a flat position in one instrument to the next flat or flip.

    A fill that turns a position over ends one trip and opens the next, its fee shared by quantity. What
    is still open after the last fill is no round trip.

    Returns
    -------
    DataFrame
        `bot, instrument, opened_ns, closed_ns, direction` (+1 long, -1 short), `quantity` (base units
        bought or sold to enter), `profit` (settlement asset, after fees), `fees`, in order of
        `(closed_ns, bot, instrument)`.
    """
    frame = _trip_frame(_closed_trips(_columns(fills)))
    ordered: pd.DataFrame = frame.sort_values(["closed_ns", "bot", "instrument"], kind="stable")
    return ordered.reset_index(drop=True)


def _closed_trips(columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the columns of `round_trips`, by account and instrument."""
    legs = _legs(columns)
    # within an account and instrument a new trip starts at each leg that starts from flat
    starts = legs["before"] == 0
    trip = np.cumsum(starts) - 1
    opening = np.flatnonzero(starts)
    last = np.append(opening, len(trip))[1:] - 1
    closed = legs["after"][last] == 0
    trips = len(opening)
    first_sign = np.sign(legs["signed"][opening])
    entering = np.where(np.sign(legs["signed"]) == first_sign[trip], np.abs(legs["signed"]), 0)
    cash = -legs["signed"] / _UNITS * legs["price"] - legs["fee"]
    found = {
        "bot": legs["bot"][opening],
        "instrument": legs["instrument"][opening],
        "opened_ns": legs["ts_ns"][opening],
        "closed_ns": legs["ts_ns"][last],
        "direction": first_sign.astype(np.int64),
        "quantity": np.bincount(trip, entering, minlength=trips) / _UNITS,
        "profit": np.bincount(trip, cash, minlength=trips),
        "fees": np.bincount(trip, legs["fee"], minlength=trips),
    }
    return {name: values[closed] for name, values in found.items()}


def _columns(fills: _Fills) -> dict[str, np.ndarray]:
    names = list(fills.columns) if isinstance(fills, pd.DataFrame) else list(fills.dtype.names or ())
    missing = [name for name in FILL_COLUMNS if name not in names]
    if missing:
        raise ValueError(f"fills: expected the columns {', '.join(FILL_COLUMNS)}, without {missing[0]}")
    floats = {"price", "quantity", "fee"}
    return {
        name: np.asarray(fills[name], dtype=np.float64 if name in floats else np.int64)
        for name in FILL_COLUMNS
    }


def _legs(columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return fills sorted by account and instrument, those that cross zero cut in two at zero."""
    bot, instrument = columns["bot"], columns["instrument"]
    order = np.lexsort((np.arange(len(bot)), instrument, bot))
    sign = np.where(columns["side"][order] == 0, 1, -1)
    units = np.rint(columns["quantity"][order] * _UNITS).astype(np.int64)
    if len(units) and units.min() < 1:
        raise ValueError(f"quantity: expected at least {1 / _UNITS}, was {columns['quantity'].min()}")
    signed = sign * units
    change = (np.diff(bot[order], prepend=-1) != 0) | (np.diff(instrument[order], prepend=-1) != 0)
    total = np.cumsum(signed)
    group = np.cumsum(change) - 1
    base = (total - signed)[change][group] if len(group) else total
    before, after = total - signed - base, total - base

    crossing = (before != 0) & (after != 0) & (np.sign(before) != np.sign(after))
    copies = np.where(crossing, 2, 1)
    index = np.repeat(np.arange(len(signed)), copies)
    second = np.append(False, index[1:] == index[:-1]) if len(index) else np.zeros(0, dtype=bool)
    cut = crossing[index]
    leg_before = np.where(second, 0, before[index])
    leg_after = np.where(cut & ~second, 0, after[index])
    leg_signed = leg_after - leg_before
    share = np.abs(leg_signed) / np.maximum(np.abs(signed[index]), 1)
    return {
        "group": group[index],
        "bot": bot[order][index],
        "instrument": instrument[order][index],
        "ts_ns": columns["ts_ns"][order][index],
        "price": columns["price"][order][index],
        "fee": columns["fee"][order][index] * share,
        "before": leg_before,
        "after": leg_after,
        "signed": leg_signed,
    }


def _trip_frame(columns: dict[str, np.ndarray]) -> pd.DataFrame:
    types = {
        "bot": np.int64,
        "instrument": np.int64,
        "opened_ns": np.int64,
        "closed_ns": np.int64,
        "direction": np.int64,
        "quantity": np.float64,
        "profit": np.float64,
        "fees": np.float64,
    }
    return pd.DataFrame({name: np.asarray(columns.get(name, []), dtype=kind) for name, kind in types.items()})
