"""The crowd's tables: groups, agents and clocks of a population in a set of instruments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from exchange_sim.engine.exchange import Exchange
from exchange_sim.kernel.draws import uniform
from exchange_sim.kernel.path import MarketPath
from exchange_sim.kernel.tables import AGENT, CLOCK, GROUP, MIDS
from exchange_sim.model.ids import AssetId
from exchange_sim.model.instrument import MAXIMUM_NOTIONAL_ATOMS, Instrument
from exchange_sim.population.encode import ATOMS, encode_group
from exchange_sim.population.species import (
    AdaptiveMarketMaker,
    AnyGroup,
    Hawkes,
    MarketMaker,
    MetaOrders,
    Momentum,
    Population,
)
from exchange_sim.rng import derive

_US = 1e3
_LN2 = 0.6931471805599453
_DEPOSITS_MAXIMUM_ATOMS = MAXIMUM_NOTIONAL_ATOMS // 16 * 15
"""The exchange takes a sixteenth more: that is left for the accounts of bots."""
_FLOW_LIMIT_IMPACTS = 100.0
"""Remembered flow is bounded at this many impact sizes: quotes move by so many `impact_bps` at most."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """Rows for compiled code, and what the exchange has to know.

    `deposits` has one entry per agent, in atoms; agent i has account i. `holdings` has what it gets of the
    base asset where its instrument is a spot pair, else 0. `starts` are (agent, ns after the
    market's start) of agents with schedules of their own. `flow_limits` has one entry per instrument, in
    atoms; 0 where no maker watches the tape.
    """

    groups: np.ndarray
    agents: np.ndarray
    clocks: np.ndarray
    mids: np.ndarray
    names: tuple[str, ...]
    deposits: tuple[int, ...]
    holdings: tuple[int, ...]
    instruments: tuple[int, ...]
    starts: tuple[tuple[int, int], ...]
    flow_limits: tuple[float, ...]


def _clustered(group: AnyGroup) -> bool:
    return isinstance(group, MetaOrders) and group.clustered


def _placed(population: Population, instruments: Sequence[Instrument]) -> Iterator[tuple[int, AnyGroup]]:
    """Yield (instrument, group) in the tables' order: clustered groups of an instrument are neighbours."""
    for number, instrument in enumerate(instruments):
        there = [
            group
            for group in population.groups
            if not group.instruments or instrument.instrument_id in group.instruments
        ]
        for group in sorted(there, key=lambda each: not _clustered(each)):
            yield number, group


def _agent_rows(group: AnyGroup, number: int, key: int) -> np.ndarray:
    rows = np.zeros(group.count, AGENT)
    rows["group"] = number
    rows["latency_ns"] = [
        int((group.latency.minimum_us + group.latency.spread_us * uniform(key, each)) * _US)
        for each in range(group.count)
    ]
    if isinstance(group, AdaptiveMarketMaker):
        rows["estimate"] = group.start_spread_ticks
    return rows


def _poisson_clock(stream: int, instrument: int, group: int, rate_hz: float) -> np.ndarray:
    clock = np.zeros(1, CLOCK)
    clock["stream"], clock["instrument"], clock["rate_hz"] = stream, instrument, rate_hz
    clock["group"], clock["groups"] = group, 1
    return clock


def _excite(clock: np.ndarray, hawkes: Hawkes) -> None:
    fast = _LN2 / hawkes.fast_half_life_s
    slow = _LN2 / hawkes.slow_half_life_s
    clock["branching"] = hawkes.branching
    clock["fast_decay_hz"], clock["slow_decay_hz"] = fast, slow
    clock["fast_jump_hz"] = hawkes.branching * hawkes.fast_share * fast
    clock["slow_jump_hz"] = hawkes.branching * (1.0 - hawkes.fast_share) * slow


def _check(population: Population, instruments: Sequence[Instrument]) -> None:
    known = {str(instrument.instrument_id) for instrument in instruments}
    for group in population.groups:
        unknown = sorted(set(group.instruments) - known)
        # A group for instruments that are not listed here is fine as long as it trades one that is.
        if group.instruments and len(unknown) == len(set(group.instruments)):
            raise ValueError(
                f"groups.{group.name}.instruments: expected one of {', '.join(sorted(known))}, "
                f"was {', '.join(unknown)}"
            )


def checked_scales(
    instruments: Sequence[Instrument], path: MarketPath, scales: Sequence[float] | None
) -> tuple[float, ...]:
    """Return the size scale of each instrument; raise ValueError where the market's parts do not fit."""
    count = len(instruments)
    if path.fundamental_ticks.shape[0] != count:
        raise ValueError(
            f"path: expected {count} rows, one per instrument, was {path.fundamental_ticks.shape[0]}"
        )
    if len({instrument.settle for instrument in instruments}) != 1:
        raise ValueError(
            f"instruments: expected one settlement asset, was {sorted({each.settle for each in instruments})}"
        )
    checked = tuple(scales) if scales is not None else (1.0,) * count
    if len(checked) != count or min(checked) <= 0.0:
        raise ValueError(f"size_scales: expected {count} positive factors, was {checked}")
    return checked


def build_crowd(
    population: Population,
    instruments: Sequence[Instrument],
    scales: Sequence[float],
    seed: int,
    path: MarketPath,
) -> Crowd:
    """Return the tables of `population` in `instruments`, at the beginning of `path`.

    Agents of a spot pair get as much of its base asset as of money, at the fundamental value.

    Raises
    ------
    ValueError
        A group trades none of the instruments.
    """
    _check(population, instruments)
    groups: list[np.void] = []
    agents: list[np.ndarray] = []
    clocks: list[np.ndarray] = []
    names: list[str] = []
    deposits: list[int] = []
    holdings: list[int] = []
    places: list[int] = []
    starts: list[tuple[int, int]] = []
    limits = [0.0] * len(instruments)
    rings = 0
    shared: dict[int, np.ndarray] = {}
    for instrument, group in _placed(population, instruments):
        symbol = str(instruments[instrument].instrument_id)
        scale = scales[instrument]
        row = encode_group(group, scale)
        row["stream"] = derive(seed, "crowd", symbol, group.name)
        row["instrument"], row["first_agent"] = instrument, len(names)
        deposit = int(group.deposit * max(scale, 1.0) * ATOMS)
        row["start_base_atoms"] = held = _worth_of(instruments[instrument], deposit, path, instrument)
        rows = _agent_rows(group, len(groups), derive(seed, "crowd distance", symbol, group.name))
        rows["last_action_ns"] = path.start_ns
        clock_key = derive(seed, "crowd clock", symbol, group.name)
        if isinstance(group, MarketMaker):
            interval_ns = group.interval_ms * 1e6
            starts += [
                (len(names) + each, int(interval_ns * uniform(clock_key, each)))
                for each in range(group.count)
            ]
            limit = _FLOW_LIMIT_IMPACTS * group.impact_size * scale * ATOMS
            limits[instrument] = min(limits[instrument] or limit, limit)
        elif _clustered(group) and instrument in shared:
            shared[instrument]["rate_hz"] += row["rate_hz"]
            shared[instrument]["groups"] += 1
        else:
            clock = _poisson_clock(clock_key, instrument, len(groups), float(row["rate_hz"]))
            clocks.append(clock)
            if _clustered(group):
                clock["stream"] = derive(seed, "crowd clock", symbol)
                _excite(clock, population.hawkes)
                shared[instrument] = clock
        if isinstance(group, Momentum):
            rows["children"] = rings + np.arange(group.count)
            rings += group.count
        groups.append(row)
        agents.append(rows)
        names += [f"{symbol}/{group.name}/{each}" for each in range(group.count)]
        deposits += [deposit] * group.count
        holdings += [held] * group.count
        places += [instrument] * group.count
    _check_deposits(sum(deposits), instruments[0].settle)
    for asset in {each.base for each in instruments if each.is_spot}:
        own = (held for held, place in zip(holdings, places, strict=True) if instruments[place].base == asset)
        _check_deposits(sum(own), asset)
    return Crowd(
        groups=np.array(groups, GROUP),
        agents=np.concatenate(agents) if agents else np.zeros(0, AGENT),
        clocks=np.concatenate(clocks) if clocks else np.zeros(0, CLOCK),
        mids=np.zeros(max(rings, 1) * MIDS),
        names=tuple(names),
        deposits=tuple(deposits),
        holdings=tuple(holdings),
        instruments=tuple(places),
        starts=tuple(starts),
        flow_limits=tuple(limits),
    )


def _worth_of(instrument: Instrument, deposit_atoms: int, path: MarketPath, row: int) -> int:
    """Return atoms of a spot pair's base asset, whole lots that are worth a deposit; 0 for a perpetual."""
    lots = int(deposit_atoms / (path.fundamental_ticks[row, 0] * instrument.atoms_per_tick_lot))
    return lots * instrument.base_atoms_per_lot


def _check_deposits(atoms: int, asset: str) -> None:
    if atoms > _DEPOSITS_MAXIMUM_ATOMS:
        raise ValueError(
            f"deposits: expected {_DEPOSITS_MAXIMUM_ATOMS / ATOMS:.3g} or less in all, was "
            f"{atoms / ATOMS:.3g} {asset} (agents x deposit x size scale)"
        )


def open_accounts(
    exchange: Exchange,
    crowd: Crowd,
    accounts: Sequence[tuple[str, int]],
    holdings: Mapping[str, Mapping[AssetId, int]],
) -> dict[str, int]:
    """Open the crowd's accounts and behind them the given ones; return the latter's numbers."""
    settle = exchange.instruments[0].settle
    opened = zip(crowd.names, crowd.deposits, crowd.holdings, crowd.instruments, strict=True)
    for name, deposit, held, instrument in opened:
        exchange.open_account(name, deposit_atoms=deposit, asset=settle)
        if held:
            exchange.deposit(name, atoms=held, asset=exchange.instruments[instrument].base)
    numbers: dict[str, int] = {}
    for name, deposit in accounts:
        if name in numbers:
            raise ValueError(f"accounts: expected different names, was {name!r} twice")
        exchange.open_account(name, deposit_atoms=deposit, asset=settle)
        for asset, atoms in holdings.get(name, {}).items():
            exchange.deposit(name, atoms=atoms, asset=asset)
        numbers[name] = len(crowd.names) + len(numbers)
    exchange.take_events()  # deposits come before the market: they are no part of its record
    return numbers
