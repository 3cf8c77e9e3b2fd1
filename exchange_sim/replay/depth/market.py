"""The replay of recorded depth and trades as a market that bots take part in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Self

import numpy as np

from exchange_sim.engine.core import row_address
from exchange_sim.engine.exchange import Exchange
from exchange_sim.engine.layout import COMMAND
from exchange_sim.engine.recorder import Recorder
from exchange_sim.kernel.kernel import Counters
from exchange_sim.kernel.kernel_snapshot import KernelSnapshot, decode_kernel, encode_kernel
from exchange_sim.kernel.loop import DONE, first_strange, push_commands
from exchange_sim.kernel.operator import FundingPlan
from exchange_sim.kernel.schedule import Appointment, bar_places, timer_rows
from exchange_sim.kernel.storage import Storage, word_of
from exchange_sim.kernel.tables import (
    MARKET,
    NEED_OUTPUT,
    NEED_PENDING,
    NEVER_NS,
    TIMER_BAR,
    TIMER_SAMPLE,
    TIMER_SNAPSHOT,
)
from exchange_sim.model.enums import CommandKind
from exchange_sim.model.instrument import MAXIMUM_NOTIONAL_ATOMS, MAXIMUM_TICKS
from exchange_sim.model.rules import ExchangeRules
from exchange_sim.replay.depth.layout import HISTORY
from exchange_sim.replay.depth.loop import NEED_PLACES, NEED_ROOM, go_on, start, wind_forward
from exchange_sim.replay.depth.models import PowerQueue, QueueModel
from exchange_sim.replay.depth.record import Record
from exchange_sim.replay.depth.replay_snapshot import (
    decode_replay,
    encode_replay,
    record_digest,
    replay_digest,
)
from exchange_sim.replay.depth.tables import ReplayTables, merged_rows

HISTORY_NAME = "(history)"
_HISTORY_ATOMS = 2**61
_DEPTH_MAXIMUM = 1_000
_PENDING_ROWS = 128
_NOW, _RECORDING = word_of("now_ns"), word_of("recording")


class DepthReplay:
    """Recorded depth and trades, replayed through time; bots take part, history does not react.

    The same interface as `exchange_sim.kernel.kernel.Kernel`. The exchange holds the bots' orders and an
    account that stands for everybody in the record; quotes, trades, book snapshots and bars are those of
    the record, and the mark price is the last recorded trade. What a bot takes is gone for all bots until
    the record changes that level; its resting orders fill as `exchange_sim.replay.depth.filling` says.

    Parameters
    ----------
    records
        One an instrument, all settling in one asset.
    accounts
        (name, deposit in atoms of the settlement asset) of the bots.
    start_ns
        Beginning of the market; by then every record has its snapshot.
    queue_model
        Where an order stands in a recorded queue.
    rules
        Of the exchange.
    funding
        Recorded rates, per instrument, at which positions pay; None: never.
    snapshot_depth, sample_interval_ns
        As in `Kernel`.

    Raises
    ------
    ValueError
        There is no record, an instrument occurs twice, they settle in different assets, `start_ns` lies
        before a record's snapshot or behind its end, or a number is out of range.
    """

    def __init__(
        self,
        records: Sequence[Record],
        accounts: Sequence[tuple[str, int]] = (),
        *,
        start_ns: int,
        queue_model: QueueModel = PowerQueue(),  # noqa: B008 - immutable
        rules: ExchangeRules = ExchangeRules(),  # noqa: B008 - immutable
        funding: Sequence[FundingPlan | None] = (),
        snapshot_depth: int = 10,
        sample_interval_ns: int = 0,
    ) -> None:
        _check(records, start_ns, snapshot_depth, sample_interval_ns)
        self.instruments = tuple(record.instrument for record in records)
        self.snapshot_depth = snapshot_depth
        self.exchange = Exchange(self.instruments, rules)
        self._open_accounts(accounts)
        self._storage = Storage(snapshot_depth)
        self._header = self._storage.header
        self._address = self._storage.address
        self._now_ns = start_ns
        self._timers: list[Appointment] = []
        self._timers_set = False
        rows = merged_rows(records)
        self._tables = ReplayTables(records, rows, queue_model)
        self._tables.execute_with(row_address())
        self._fill_tables(rows)
        if sample_interval_ns:
            self._timers += [(TIMER_SAMPLE, each, sample_interval_ns) for each in range(len(records))]
        wind_forward(self._tables.address, start_ns)
        self._tables.forget_played()
        self._set_first_marks()
        self._plan_funding(funding)

    recorder: Recorder | None = None
    """Takes down what happens, see `exchange_sim.replay.depth.recording`."""

    def _open_accounts(self, accounts: Sequence[tuple[str, int]]) -> None:
        settle = self.instruments[0].settle
        self.exchange.open_account(HISTORY_NAME)
        for asset in self.exchange.assets:
            self.exchange.deposit(HISTORY_NAME, atoms=_HISTORY_ATOMS, asset=asset)
        self._accounts: dict[str, int] = {}
        for name, atoms in accounts:
            self._accounts[name] = self.exchange.open_account(name, deposit_atoms=atoms, asset=settle)
        self._accounts_end = 1 + len(accounts)
        self.exchange.take_events()

    def _fill_tables(self, rows: np.ndarray) -> None:
        storage, header = self._storage, self._header
        storage.copy("sent", np.zeros(self._accounts_end, np.int64))
        markets = np.zeros(len(self.instruments), MARKET)
        markets["spread_ns"] = self._now_ns
        self._markets = storage.copy("markets", markets)
        header["now_ns"] = self._now_ns
        header["market_count"], header["crowd_accounts"] = len(self.instruments), 1
        header["next_timer_ns"] = NEVER_NS
        header["digest"] = int.from_bytes(record_digest(rows), "little", signed=True)

    def _set_first_marks(self) -> None:
        """Mark with the last trade before the start, or the mid price where there was none."""
        for number, instrument in enumerate(self.instruments):
            price = self._tables.first_price(number)
            if price:
                self.exchange.set_mark(instrument.instrument_id, price)
        self.exchange.take_events()

    def _plan_funding(self, funding: Sequence[FundingPlan | None]) -> None:
        """Queue the payments, as commands of the history account: they come before those of bots."""
        due = [
            (ts_ns, number, rate)
            for number, plan in enumerate(funding)
            if plan is not None
            for ts_ns, rate in plan.recorded
            if ts_ns >= self._now_ns
        ]
        rows = np.zeros(len(due), COMMAND)
        rows["kind"], rows["account"] = int(CommandKind.FUND), HISTORY
        for row, (ts_ns, number, rate) in zip(rows, sorted(due), strict=True):
            row["ts_ns"], row["instrument"], row["price_ticks"] = ts_ns, number, rate
        if due:
            self._storage.reserve_pending(len(rows), len(rows))
            push_commands(self._address, rows.ctypes.data, len(rows))

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
        """Publish these of an instrument; see `Kernel.listen`."""
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
        """Queue COMMAND rows of accounts; see `Kernel.push`."""
        if len(commands) == 0:
            return
        rows = np.ascontiguousarray(commands, COMMAND)
        address = rows.ctypes.data
        strange = first_strange(self._address, address, len(rows), self._accounts_end)
        if strange >= 0:
            row = rows[strange]
            raise ValueError(
                f"commands[{strange}]: expected ts_ns {self._now_ns} or later, an account from 1 to "
                f"{self._accounts_end - 1} and an order's kind, was {row['ts_ns']}, {row['account']}, "
                f"{row['kind']}"
            )
        self._storage.reserve_pending(len(rows), len(rows))
        push_commands(self._address, address, len(rows))

    def advance(self, until_ns: int, window_ns: int) -> int:
        """Let everything happen before `until_ns`, or less, and return the instant reached; see
        `Kernel.advance`.

        Behind the end of the record the book stands still.

        Raises
        ------
        ValueError
            `until_ns` lies before `now_ns`, or `window_ns` is not positive.
        """
        if until_ns < self._now_ns:
            raise ValueError(f"until_ns: expected {self._now_ns} or later, was {until_ns}")
        if window_ns < 1:
            raise ValueError(f"window_ns: expected 1 or more, was {window_ns}")
        recorder = self.recorder
        self._storage.words[_RECORDING] = recorder is not None
        self._run(until_ns, window_ns)
        if recorder is not None:
            commands, events = self._storage.take("applied"), self._storage.take("written")
            if len(commands) or len(events):
                recorder.record(commands, events)
        return self._now_ns

    def written_until(self, until_ns: int) -> np.ndarray:
        """Let everything happen before `until_ns` and return the EVENT rows that accounts are sent."""
        self._storage.words[_RECORDING] = True
        while self._now_ns < until_ns:
            self._run(until_ns, until_ns - self._now_ns)
        return self._storage.take("written")

    def _run(self, until_ns: int, window_ns: int) -> None:
        begin = True

        def work(kernel: int, engine: int, tables: int) -> int:
            nonlocal begin
            if begin:
                begin = False
                return start(kernel, engine, tables, until_ns, window_ns)
            return go_on(kernel, engine, tables)

        self.run_compiled(work)

    def run_compiled(self, work: Callable[[int, int, int], int]) -> None:
        """Call `work(kernel, engine, replay)`, addresses, until it returns DONE, growing what it lacks.

        For compiled bots, which call `exchange_sim.replay.depth.loop.start` and `go_on` themselves.
        """
        if not self._timers_set:
            self._set_timers()
        tables = self._tables
        status = work(self._address, self.exchange.address, tables.address)
        while status != DONE:
            self._grow(status)
            status = work(self._address, self.exchange.address, tables.address)
        self._now_ns = self._storage.words[_NOW]

    def _grow(self, status: int) -> None:
        if status == NEED_PENDING:
            self._storage.reserve_pending(_PENDING_ROWS, _PENDING_ROWS)
        elif status == NEED_OUTPUT:
            events = self.exchange.unread_count + 1
            self._storage.reserve_outputs(events, len(self._timers), len(self.instruments))
        elif status == NEED_PLACES:
            self._tables.grow_places(self.exchange.order_capacity)
        elif status == NEED_ROOM:
            self.exchange.reserve_events(2 * self.exchange.event_capacity)
        else:
            self.exchange.grow(status)

    def snapshot(self) -> bytes:
        """Return everything but the record, for `restore` in this or another process."""
        market = encode_kernel(
            self._storage, self.exchange, self._now_ns, 0, 1, self._accounts, tuple(self._timers),
            self._timers_set, self.snapshot_depth, 0, 0, (),
        )  # fmt: skip
        return encode_replay(self._tables, market)

    @classmethod
    def restore(cls, payload: bytes, rows: np.ndarray) -> Self:
        """Return the market of a snapshot: an independent copy that continues equally.

        `rows` are those of the market that was saved.

        Raises
        ------
        SnapshotError
            The bytes are no snapshot of replayed depth, one of another version, or one of other rows.
        """
        market, tables = decode_replay(payload, rows)
        replay = cls.__new__(cls)
        replay._load(tables, *decode_kernel(market))  # noqa: SLF001 - a constructor of this class
        return replay

    def _load(
        self, tables: ReplayTables, saved: KernelSnapshot, exchange: Exchange, storage: Storage
    ) -> None:
        self.instruments, self.exchange = exchange.instruments, exchange
        self.snapshot_depth, self._now_ns = saved.snapshot_depth, saved.now_ns
        self._storage, self._header, self._address = storage, storage.header, storage.address
        self._markets = storage.tables["markets"]
        self._accounts, self._accounts_end = saved.accounts, 1 + len(saved.accounts)
        self._timers, self._timers_set = list(saved.timers), saved.timers_set
        self._tables = tables
        tables.execute_with(row_address())

    @property
    def rows(self) -> np.ndarray:
        """The record from the market's start on."""
        return self._tables.rows

    def memory_digest(self) -> str:
        """Return 16 hex digits over everything that decides what happens next to whom: the exchange, the
        recorded books, the places of own orders, and the events so far."""
        exchange = int(self.exchange.memory_digest(), 16)
        words = (exchange - (exchange >> 63 << 64), int(self._header["digest"]), self._now_ns)
        return replay_digest(self._tables, *words)

    def take_samples(self) -> np.ndarray:
        """Return and forget the SAMPLE rows, in order."""
        return self._storage.take("samples")

    def take(self, name: str) -> np.ndarray:
        """Return and forget the rows of an output, see `take_bytes`, in order."""
        return self._storage.take(name)

    def take_bytes(self, name: str) -> bytes:
        """Return and forget the rows of an output as bytes; see `Kernel.take_bytes`."""
        return self._storage.take_bytes(name)

    def market_digest(self) -> str:
        """Return 16 hex digits over the record and every event of the bots, in order."""
        return f"{int(self._header['digest']) & 0xFFFFFFFFFFFFFFFF:016x}"

    def traded(self, instrument: int) -> tuple[int, int]:
        """Return the lots that the record traded since the start, and in how many trades."""
        return self._tables.traded(instrument)

    @property
    def counters(self) -> Counters:
        """What has happened since the start; trades are those of bots."""
        header = self._header
        return Counters(
            int(header["requests"]),
            int(header["account_requests"]),
            int(header["actions"]),
            int(header["events"]),
            int(header["trades_made"]),
            int(header["refusals"]),
        )


def _check(records: Sequence[Record], start_ns: int, snapshot_depth: int, sample_interval_ns: int) -> None:
    if not records:
        raise ValueError("records: expected at least one, was none")
    settle = {record.instrument.settle for record in records}
    if len(settle) > 1:
        raise ValueError(f"instruments: expected one settlement asset, was {', '.join(sorted(settle))}")
    for record in records:
        most = min(MAXIMUM_TICKS, MAXIMUM_NOTIONAL_ATOMS // record.instrument.atoms_per_tick_lot)
        if max(record.prices) > most:
            raise ValueError(f"prices: expected at most {most} ticks, was {max(record.prices)}")
    first, last = max(each.start_ns for each in records), min(each.end_ns for each in records)
    if not first <= start_ns <= last:
        raise ValueError(f"start_ns: expected {first} to {last}, was {start_ns}")
    if not 1 <= snapshot_depth <= _DEPTH_MAXIMUM:
        raise ValueError(f"snapshot_depth: expected 1 to {_DEPTH_MAXIMUM}, was {snapshot_depth}")
    if sample_interval_ns < 0:
        raise ValueError(f"sample_interval_ns: expected 0 or more, was {sample_interval_ns}")
