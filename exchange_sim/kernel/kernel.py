"""The event kernel: an exchange, its background crowd and its clock, advanced window by window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple, Self

import numpy as np

from exchange_sim.engine.exchange import Exchange
from exchange_sim.engine.layout import COMMAND
from exchange_sim.kernel.crowd import Crowd, build_crowd, checked_scales, open_accounts
from exchange_sim.kernel.feeds import Feed, Feeds
from exchange_sim.kernel.kernel_snapshot import KernelSnapshot, decode_kernel, encode_kernel
from exchange_sim.kernel.loop import (
    DONE,
    first_strange,
    go_on,
    push_commands,
    start_agent,
    start_clock,
)
from exchange_sim.kernel.operator import FundingPlan, Halt, operations, start_operations
from exchange_sim.kernel.path import MarketPath
from exchange_sim.kernel.schedule import Appointment, bar_places, timer_rows
from exchange_sim.kernel.storage import Storage, word_of
from exchange_sim.kernel.tables import (
    ACTION_COMMANDS_MAXIMUM,
    MARKET,
    NEED_OUTPUT,
    NEED_PENDING,
    NEVER_NS,
    TIMER_BAR,
    TIMER_SAMPLE,
    TIMER_SNAPSHOT,
)
from exchange_sim.markets.duration import SECOND_NS
from exchange_sim.model.ids import AssetId
from exchange_sim.model.instrument import Instrument
from exchange_sim.model.rules import ExchangeRules
from exchange_sim.population.species import Population

_LN2 = 0.6931471805599453
_DEPTH_MAXIMUM = 1_000
_SMALLEST = 1.1
"""Minimum notional and one lot more are for rounding down, a tenth for prices far from the fundamental."""
_NOW, _RECORDING = word_of("now_ns"), word_of("recording")
_STOP, _WINDOW = word_of("stop_ns"), word_of("window_ns")


class Counters(NamedTuple):
    """What has happened since the start."""

    requests: int  # commands that reached the exchange, of the crowd and of accounts
    account_requests: int  # of them, those that were pushed
    actions: int  # times an agent acted
    events: int  # engine events
    trades: int
    refusals: int  # commands that the exchange rejected


class Kernel:
    """A market in motion: an exchange, its background agents, and time.

    Everything happens in one order that follows from content alone: by time, then timers of the market (bars
    close and snapshots are taken before anything else of the same ns), then commands arriving (by account,
    then in the order they were sent), then agents acting. The crowd's accounts come first in the exchange,
    the given accounts behind them, and the crowd's random streams are named by instrument and group: an
    account that does nothing changes nothing.

    Parameters
    ----------
    instruments
        What is traded; row i of `path` belongs to instrument i. All settle in one asset.
    path
        Fundamental values and activity; the market runs in `[path.start_ns, path.end_ns]`.
    population
        The background crowd.
    accounts
        (name, deposit in atoms of the settlement asset) of the accounts whose events are handed out.
    seed
        Of the crowd's streams.
    size_scales
        Factor on the crowd's order sizes, inventories and impact sizes, per instrument; None: 1 each.
    snapshot_depth
        Levels per side of a book snapshot.
    sample_interval_ns
        Interval of the samples for reports, 0 for none.
    rules
        Of the exchange.
    funding
        When positions pay funding, per instrument; None: never.
    feeds
        What is recorded and plays again. Their accounts come between the crowd's and the given ones.
    holdings
        What the given accounts have besides their deposit, in atoms by asset.
    halts
        When no instrument takes any command, in order.
    index_interval_ns
        How often instruments whose mark follows the index get an index price: the fundamental value.

    Raises
    ------
    ValueError
        The path has another number of instruments, an account is named twice, instruments settle in
        different assets, or a number is out of range.
    """

    def __init__(
        self,
        instruments: Sequence[Instrument],
        path: MarketPath,
        population: Population,
        accounts: Sequence[tuple[str, int]] = (),
        *,
        seed: int,
        size_scales: Sequence[float] | None = None,
        snapshot_depth: int = 10,
        sample_interval_ns: int = 0,
        rules: ExchangeRules = ExchangeRules(),  # noqa: B008 - immutable
        funding: Sequence[FundingPlan | None] = (),
        halts: Sequence[Halt] = (),
        index_interval_ns: int = SECOND_NS,
        feeds: Sequence[Feed] = (),
        holdings: Mapping[str, Mapping[AssetId, int]] = MappingProxyType({}),
    ) -> None:
        scales = checked_scales(instruments, path, size_scales)
        if not 1 <= snapshot_depth <= _DEPTH_MAXIMUM:
            raise ValueError(f"snapshot_depth: expected 1 to {_DEPTH_MAXIMUM}, was {snapshot_depth}")
        if sample_interval_ns < 0:
            raise ValueError(f"sample_interval_ns: expected 0 or more, was {sample_interval_ns}")
        self.instruments = tuple(instruments)
        self.path = path
        self.snapshot_depth = snapshot_depth
        crowd = build_crowd(population, instruments, scales, seed, path)
        self.exchange = Exchange(instruments, rules)
        self._crowd_accounts = len(crowd.names)
        self._feeds = Feeds(feeds, self._crowd_accounts, path.start_ns)
        self._accounts = open_accounts(self.exchange, crowd, (*self._feeds.accounts, *accounts), holdings)
        self._accounts_end = self._crowd_accounts + len(self._accounts)
        self._storage = Storage(snapshot_depth)
        self._header = self._storage.header
        self._address = self._storage.address
        self._now_ns = path.start_ns
        self._timers: list[Appointment] = []
        self._timers_set = False
        self._fill_tables(crowd, population)
        if sample_interval_ns:
            self._timers += [(TIMER_SAMPLE, each, sample_interval_ns) for each in range(len(instruments))]
        self._start_crowd(crowd)
        self._start_operations(funding or (None,) * len(instruments), index_interval_ns, halts)

    def _fill_tables(self, crowd: Crowd, population: Population) -> None:
        storage, header, path = self._storage, self._header, self.path
        for name in ("groups", "agents", "clocks", "mids"):
            storage.copy(name, getattr(crowd, name))
        storage.copy("sent", np.zeros(len(crowd.names) + len(self._accounts), np.int64))
        storage.copy("fundamental", np.ascontiguousarray(path.fundamental_ticks, np.float64).reshape(-1))
        storage.copy("activity", np.ascontiguousarray(path.activity, np.float64).reshape(-1))
        markets = np.zeros(len(self.instruments), MARKET)
        markets["atoms_per_tick_lot"] = [each.atoms_per_tick_lot for each in self.instruments]
        lots = path.fundamental_ticks[:, 0] * markets["atoms_per_tick_lot"]
        minimum = [each.minimum_notional_atoms for each in self.instruments]
        markets["smallest_atoms"] = _SMALLEST * (np.array(minimum) + lots)
        watched = markets["flow_limit_atoms"] = np.array(crowd.flow_limits)
        markets["flow_decay_hz"] = np.where(watched > 0, _LN2 / population.impact_half_life_s, 0)
        markets["flow_ns"] = markets["spread_ns"] = path.start_ns
        self._markets = storage.copy("markets", markets)
        header["now_ns"], header["path_start_ns"] = path.start_ns, path.start_ns
        header["path_step_ns"], header["path_points"] = path.step_ns, path.points
        header["market_count"], header["crowd_accounts"] = len(self.instruments), self._crowd_accounts
        header["observed_accounts"] = self._crowd_accounts + len(self._feeds.accounts)
        header["next_timer_ns"] = NEVER_NS

    def _start_crowd(self, crowd: Crowd) -> None:
        self._storage.reserve_pending(0, len(crowd.clocks) + len(crowd.starts) + 1)
        for number in range(len(crowd.clocks)):
            start_clock(self._address, number)
        for agent, wait_ns in crowd.starts:
            start_agent(self._address, agent, wait_ns)

    def _start_operations(
        self, funding: Sequence[FundingPlan | None], index_interval_ns: int, halts: Sequence[Halt]
    ) -> None:
        rows, rates = operations(self.instruments, funding, index_interval_ns, self._now_ns, halts)
        self._storage.copy("operations", rows)
        self._storage.copy("rates", rates)
        self._storage.reserve_pending(0, len(rows) + 1)
        start_operations(self._address, len(rows))

    @property
    def now_ns(self) -> int:
        """Everything before this instant has happened, nothing at or after it."""
        return self._now_ns

    def account_index(self, name: str) -> int:
        """Return the number of an account in command and event rows."""
        return self._accounts[name]

    def listen(
        self,
        instrument: int,
        *,
        quotes: bool = False,
        trades: bool = False,
        bars: Sequence[int] = (),
        snapshots: Sequence[int] = (),
    ) -> None:
        """Publish these of an instrument, in addition to what was asked for before.

        `bars` and `snapshots` are intervals in ns, aligned to the epoch. What nobody asked for costs
        nothing. To be called before the first `advance`.

        Raises
        ------
        ValueError
            An interval is not positive, or the market is already in motion.
        """
        if self._timers_set:
            raise ValueError("listen: expected a call before the first advance")
        if min((*bars, *snapshots, 1)) < 1:
            raise ValueError(f"intervals: expected 1 ns or more, was {min((*bars, *snapshots))}")
        row = self._markets[instrument]
        row["publish_quotes"] |= quotes
        row["publish_trades"] |= trades
        self._timers += [(TIMER_BAR, instrument, interval) for interval in bars]
        self._timers += [(TIMER_SNAPSHOT, instrument, interval) for interval in snapshots]

    def _set_timers(self) -> None:
        self._timers_set = True
        timers = timer_rows(self._timers, self._now_ns)
        for number in range(len(self.instruments)):
            row = self._markets[number]
            row["bar_first"], row["bars"] = bar_places(timers, number)
        self._storage.copy("timers", timers)
        self._header["timer_count"] = len(timers)
        self._header["next_timer_ns"] = min(timers["next_ns"], default=NEVER_NS)

    def push(self, commands: np.ndarray) -> None:
        """Queue COMMAND rows of accounts; `ts_ns` is their arrival at the exchange.

        Rows of one account with equal times arrive in the order in which they were pushed.

        Raises
        ------
        ValueError
            A row arrives before `now_ns`, its account is none of the kernel's `accounts`, or it neither
            submits, modifies nor cancels. Then none of the rows is queued.
        """
        if len(commands) == 0:
            return
        rows = np.ascontiguousarray(commands, COMMAND)
        address = rows.ctypes.data
        strange = first_strange(self._address, address, len(rows), self._accounts_end)
        if strange >= 0:
            row = rows[strange]
            raise ValueError(
                f"commands[{strange}]: expected ts_ns {self._now_ns} or later, an account from "
                f"{self._crowd_accounts} to {self._accounts_end - 1} and an order's kind, was "
                f"{row['ts_ns']}, {row['account']}, {row['kind']}"
            )
        self._storage.reserve_pending(len(rows) + ACTION_COMMANDS_MAXIMUM, len(rows))
        push_commands(self._address, address, len(rows))

    def advance(self, until_ns: int, window_ns: int) -> int:
        """Let everything happen before `until_ns`, or less, and return the instant reached (`now_ns`).

        Time is cut into windows `[k * window_ns, (k + 1) * window_ns)`. The run stops at the end of the
        first window in which something was published for an account: an event of its own, or market
        data that was asked for. So commands that react to it, and travel at least `window_ns`, can
        still be pushed. How a run is cut into calls changes nothing that happens.

        Raises
        ------
        ValueError
            `until_ns` lies before `now_ns` or behind the market's end, or `window_ns` is not positive.
        """
        if not self._now_ns <= until_ns <= self.path.end_ns:
            raise ValueError(f"until_ns: expected {self._now_ns} to {self.path.end_ns}, was {until_ns}")
        if window_ns < 1:
            raise ValueError(f"window_ns: expected 1 or more, was {window_ns}")
        if not self._timers_set:
            self._set_timers()
        until_ns = self._feeds.limit(self._now_ns, until_ns)
        self.push(self._feeds.take(self.exchange, until_ns))
        recorder = self.exchange.recorder
        self._storage.words[_RECORDING] = recorder is not None
        self._storage.words[_STOP], self._storage.words[_WINDOW] = until_ns, window_ns
        while (status := go_on(self._address, self.exchange.address)) != DONE:
            self._grow(status)
        self._now_ns = self._storage.words[_NOW]
        if recorder is not None:
            commands = self._storage.take("applied")
            if len(commands):
                recorder.record(commands, self._storage.take("written"))
        return self._now_ns

    def _grow(self, status: int) -> None:
        if status == NEED_OUTPUT:
            events = self.exchange.unread_count
            self._storage.reserve_outputs(events, len(self._timers), len(self.instruments))
        elif status == NEED_PENDING:
            self._storage.reserve_pending(ACTION_COMMANDS_MAXIMUM, 2)
        else:
            self.exchange.grow(status)

    def take_order_events(self) -> np.ndarray:
        """Return and forget the ORDER_EVENT rows of the given accounts, in order."""
        return self._storage.take("order_events")

    def take_trades(self) -> np.ndarray:
        """Return and forget the TRADE rows, in order."""
        return self._storage.take("trades")

    def take_quotes(self) -> np.ndarray:
        """Return and forget the QUOTE rows, in order."""
        return self._storage.take("quotes")

    def take_bars(self) -> np.ndarray:
        """Return and forget the BAR rows, in order."""
        return self._storage.take("bars")

    def take_snapshots(self) -> np.ndarray:
        """Return and forget the book snapshots, rows of `outputs.snapshot_dtype`, in order."""
        return self._storage.take("snapshots")

    def take_samples(self) -> np.ndarray:
        """Return and forget the SAMPLE rows, in order."""
        return self._storage.take("samples")

    def take_bytes(self, name: str) -> bytes:
        """Return and forget the rows of `order_events`, `trades`, `quotes`, `bars`, `snapshots` or
        `samples` as bytes, for `struct.iter_unpack` with the formats in `outputs`; empty where none."""
        return self._storage.take_bytes(name)

    def market_digest(self) -> str:
        """Return 16 hex digits over every engine event since the start, in order."""
        return f"{int(self._header['digest']) & 0xFFFFFFFFFFFFFFFF:016x}"

    def snapshot(self) -> bytes:
        """Return everything, for `restore` in this or another process; between calls of `advance`."""
        feeds = self._feeds
        return encode_kernel(
            self._storage, self.exchange, self._now_ns, self.path.step_ns, self._crowd_accounts,
            self._accounts, tuple(self._timers), self._timers_set, self.snapshot_depth,
            len(feeds.accounts), feeds.taken_ns, feeds.states(),
        )  # fmt: skip

    @classmethod
    def restore(cls, payload: bytes, feeds: Sequence[Feed] = ()) -> Self:
        """Return the market of a snapshot: an independent copy that continues equally.

        Feeds are not in it: they are given again.

        Raises
        ------
        SnapshotError
            The bytes are no snapshot of a market, or one of another version, or of other feeds.
        """
        kernel = cls.__new__(cls)
        kernel._load(*decode_kernel(payload), feeds)  # noqa: SLF001 - a constructor of this class
        return kernel

    def _load(
        self, saved: KernelSnapshot, exchange: Exchange, storage: Storage, feeds: Sequence[Feed]
    ) -> None:
        self._feeds = Feeds(feeds, saved.crowd_accounts, saved.feeds_taken_ns)
        self._feeds.load(saved.feed_accounts, saved.feed_states)
        self.instruments, self.exchange, self._storage = exchange.instruments, exchange, storage
        self._header, self._address = storage.header, storage.address
        self._markets = storage.tables["markets"]
        self.snapshot_depth = saved.snapshot_depth
        shape = (len(exchange.instruments), int(storage.header["path_points"]))
        fundamental, activity = (storage.tables[each].reshape(shape) for each in ("fundamental", "activity"))
        start_ns = int(storage.header["path_start_ns"])
        self.path = MarketPath(start_ns, saved.path_step_ns, fundamental, activity)
        self._accounts, self._crowd_accounts = saved.accounts, saved.crowd_accounts
        self._accounts_end = saved.crowd_accounts + len(saved.accounts)
        self._now_ns = saved.now_ns
        self._timers, self._timers_set = list(saved.timers), saved.timers_set

    def traded(self, instrument: int) -> tuple[int, int]:
        """Return the lots traded in an instrument since the start, and in how many trades."""
        return self.exchange.traded(self.instruments[instrument].instrument_id)

    @property
    def counters(self) -> Counters:
        header = self._header
        return Counters(
            int(header["requests"]),
            int(header["account_requests"]),
            int(header["actions"]),
            int(header["events"]),
            int(header["trades_made"]),
            int(header["refusals"]),
        )
