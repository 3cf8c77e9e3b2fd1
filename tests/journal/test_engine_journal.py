"""What an exchange did can be done again from its journal, and damage is found wherever it is."""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.bench.journal import run
from exchange_sim.engine.exchange import Exchange
from exchange_sim.engine.layout import COMMAND, EVENT
from exchange_sim.engine.packing import pack_commands, pack_events, unpack_commands, unpack_events
from exchange_sim.engine_journal import Batch, EngineRecorder, Sync
from exchange_sim.engine_recovery import recover
from exchange_sim.engine_replay import batches, replay_engine
from exchange_sim.journal import FRAME, JournalWriter, frame
from exchange_sim.journal_reader import JournalError, parse_journal
from tests.engine.test_exchange import new_exchange
from tests.journal.runs import HEADER, Recorded, commands, drive


@cache
def whole(seed: int = 1, count: int = 900) -> tuple[bytes, bytes]:
    """Return a closed journal and the snapshot of its exchange."""
    run = Recorded()
    drive(run.exchange, commands(count), seed)
    return run.close(), run.exchange.snapshot()


def reframed(content: bytes, change: dict[int, bytes]) -> bytes:
    """Return the journal without its footer, and with other payloads for some of its frames."""
    frames, at = [], 0
    while at < len(content):
        length = FRAME.unpack_from(content, at)[0]
        frames.append(content[at + FRAME.size : at + FRAME.size + length])
        at += FRAME.size + length
    return b"".join(frame(change.get(number, payload)) for number, payload in enumerate(frames[:-1]))


def words(dtype: np.dtype[np.void]) -> st.SearchStrategy[np.ndarray]:
    """Return tables of any words, small ones often."""
    word = st.one_of(st.integers(-300, 300), st.integers(-(2**63), 2**63 - 1))
    row = st.lists(word, min_size=dtype.itemsize // 8, max_size=dtype.itemsize // 8)
    return st.lists(row, max_size=12).map(
        lambda rows: (
            np.array(rows, np.int64).reshape(len(rows), -1).view(np.uint8).reshape(-1).view(dtype)
            if rows
            else np.empty(0, dtype)
        )
    )


@settings(deadline=None)
@given(words(EVENT), words(COMMAND))
def test_rows_come_back_as_they_were_packed(events: np.ndarray, orders: np.ndarray) -> None:
    orders["link"] = 0
    orders.view(np.int64).reshape(-1, COMMAND.itemsize // 8)[orders["has_terms"] == 0, 8:] = 0
    assert unpack_events(pack_events(events), len(events)).tobytes() == events.tobytes()
    assert unpack_commands(pack_commands(orders), len(orders)).tobytes() == orders.tobytes()
    for wrong in (len(orders) + 1, len(orders) - 1, 2**40, -1):
        with pytest.raises(ValueError, match="expected"):
            unpack_commands(pack_commands(orders), wrong)


def test_journals_take_a_third_of_their_rows() -> None:
    rows = commands()
    written = new_exchange().apply(rows)
    assert len(pack_events(written)) < written.nbytes / 3
    assert len(pack_commands(rows)) < rows.nbytes / 5


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 2**32))
def test_a_replay_gives_the_same_exchange_byte_for_byte(seed: int) -> None:
    content, snapshot = whole(seed % 5)
    replay = replay_engine(parse_journal(content))
    assert replay.difference is None
    assert replay.commands >= len(commands())
    assert replay.checkpoints > 5
    assert replay.exchange.snapshot() == snapshot


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 900), st.integers(0, 2**32))
def test_a_snapshot_and_the_journal_s_tail_are_the_live_state(point: int, seed: int) -> None:
    rows = commands()
    run = Recorded()
    if point:
        drive(run.exchange, rows[:point], seed)
    run.recorder.flush()
    saved, before = run.exchange.snapshot(), run.recorder.commands
    run.recorder.save_state()
    drive(run.exchange, rows[point:], seed + 1)
    content = run.close()
    journal = parse_journal(content)
    assert replay_engine(journal, latest=True).exchange.snapshot() == run.exchange.snapshot()
    copy = Exchange.restore(saved)
    for name in run.exchange.accounts[len(copy.accounts) :]:
        copy.open_account(name)
    tail = np.concatenate([each.commands for each in batches(journal)])[before:]
    copy.apply(tail)
    assert copy.memory_digest() == run.exchange.memory_digest()
    assert copy.state_digest() == run.exchange.state_digest()


def test_every_flipped_byte_of_a_small_journal_is_found() -> None:
    run = Recorded()
    run.exchange.apply(commands()[:60])
    run.exchange.execute(9_999, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0)
    content = run.close()
    for place in range(len(content)):
        damaged = bytearray(content)
        damaged[place] ^= 1 + place % 255
        with pytest.raises(JournalError):
            parse_journal(bytes(damaged))


@settings(deadline=None, max_examples=200)
@given(st.integers(0, 2**62), st.integers(1, 255))
def test_a_flipped_byte_of_a_large_journal_is_found(place: int, bits: int) -> None:
    content = bytearray(whole()[0])
    content[place % len(content)] ^= bits
    with pytest.raises(JournalError):
        parse_journal(bytes(content))


def test_a_torn_journal_is_cut_at_its_last_whole_frame_and_goes_on(tmp_path: Path) -> None:
    rows = commands()
    straight = new_exchange()
    straight.apply(rows)
    content = reframed(whole_batches(rows), {})
    starts = frame_starts(content)
    path = tmp_path / "torn.journal"
    for length in [*starts[2:], *range(starts[2] + 1, len(content), 997), len(content)]:
        path.write_bytes(content[:length])
        kept = max(start for start in [*starts, len(content)] if start <= length)
        with path.open("r+b") as sink:
            recovery = recover(path, sink, sync=Sync.NONE)
            assert recovery.cut_bytes == length - kept
            recovery.exchange.apply(rows[recovery.recorder.commands :])
            recovery.recorder.close()
            recovery.journal.close()
        assert recovery.exchange.snapshot() == straight.snapshot()
        replay = replay_engine(parse_journal(path.read_bytes()))
        assert replay.difference is None
        assert replay.commands == len(rows)


def whole_batches(rows: np.ndarray) -> bytes:
    run = Recorded(checkpoint_commands=250)
    for first in range(0, len(rows), 60):
        run.exchange.apply(rows[first : first + 60])
        run.recorder.flush()
    return run.close()


def frame_starts(content: bytes) -> list[int]:
    starts, at = [], 0
    while at < len(content):
        starts.append(at)
        at += FRAME.size + FRAME.unpack_from(content, at)[0]
    return starts


def test_the_first_difference_is_named() -> None:
    content, _ = whole()
    journal = parse_journal(content)
    changed = list(batches(journal))[1]
    events = changed.events.copy()
    number = len(events) // 2
    events["leaves_lots"][number] += 1
    batch = msgspec.structs.replace(changed.batch, events=pack_events(events))
    other = reframed(content, {changed.frame.number: b"B" + msgspec.msgpack.encode(batch)})
    found = replay_engine(parse_journal(other)).difference
    assert found is not None
    assert (found.frame, found.at) == (changed.frame.number, changed.frame.at)
    assert found.field == "leaves_lots"
    assert int(found.expected) == int(found.was) + 1 == events["leaves_lots"][number]
    single = replay_engine(parse_journal(content)).exchange
    again = new_exchange()
    written = 0
    for count, row in enumerate(np.concatenate([each.commands for each in batches(journal)])):
        if row["account"] >= len(again.accounts):
            again.open_account(single.accounts[len(again.accounts)])
        written += len(again.apply(np.array([row])))
        if written > changed.batch.first_event + number:
            assert found.command == count
            break


def test_events_too_many_and_another_state_are_named() -> None:
    content, _ = whole()
    journal = parse_journal(content)
    last = list(batches(journal))[-1]
    fewer = msgspec.structs.replace(
        last.batch, events=pack_events(last.events[:-1]), event_count=last.batch.event_count - 1
    )
    other = reframed(content, {last.frame.number: b"B" + msgspec.msgpack.encode(fewer)})
    found = replay_engine(parse_journal(other)).difference
    assert found is not None
    assert found.field == "events"
    assert found.command == last.batch.first_command + last.batch.command_count - 1
    point = next(each for each in journal.engine if each.kind == b"C")
    done, events, _ = msgspec.msgpack.decode(point.payload)
    payload = b"C" + msgspec.msgpack.encode((done, events, "0" * 16))
    found = replay_engine(parse_journal(reframed(content, {point.number: payload}))).difference
    assert found is not None
    assert (found.field, found.command, found.expected) == ("state", done, "0" * 16)


def test_missing_frames_and_journals_of_something_else_are_refused(tmp_path: Path) -> None:
    content, _ = whole()
    numbers = [each.frame.number for each in batches(parse_journal(content))]
    starts = [*frame_starts(content), len(content)]
    gap = content[: starts[numbers[1]]] + content[starts[numbers[1] + 1] : starts[-2]]
    with pytest.raises(JournalError, match=r"expected command \d+ and event \d+ next.*frames are missing"):
        replay_engine(parse_journal(gap))
    with pytest.raises(JournalError, match="expected chain"):
        parse_journal(content[: starts[numbers[1]]] + content[starts[numbers[1] + 1] :])
    sink = io.BytesIO()
    JournalWriter(HEADER, sink).close()
    with pytest.raises(JournalError, match="expected the record of an exchange"):
        replay_engine(parse_journal(sink.getvalue()))
    strange = msgspec.structs.replace(HEADER, layout="0123456789abcdef")
    other = reframed(content, {0: b"H" + msgspec.msgpack.encode(strange)})
    with pytest.raises(JournalError, match=r"expected row formats \w+, was 0123456789abcdef"):
        replay_engine(parse_journal(other))
    path = tmp_path / "x.journal"
    path.write_bytes(reframed(content, {}))
    with path.open("r+b") as sink, pytest.raises(JournalError, match="expected configuration beef"):
        recover(path, sink, config_digest="beef")
    path.write_bytes(content)
    with path.open("r+b") as sink, pytest.raises(JournalError, match="expected an open journal"):
        recover(path, sink)
    batch = Batch(0, 0, 3, 0, b"abc", b"")
    with pytest.raises(JournalError, match="expected 0 or less, was 3"):
        replay_engine(parse_journal(reframed(content, {numbers[0]: b"B" + msgspec.msgpack.encode(batch)})))


class Full(io.BytesIO):
    """A disk with room for so many bytes."""

    room = 0

    def write(self, content: object) -> int:
        if self.tell() + len(bytes(content)) > self.room:  # type: ignore[call-overload]
            raise OSError(28, "No space left on device")
        return super().write(content)  # type: ignore[arg-type]


def test_an_exchange_whose_journal_failed_takes_no_further_command() -> None:
    sink = Full()
    sink.room = 100_000
    exchange = new_exchange()
    EngineRecorder(JournalWriter(HEADER, sink), exchange)
    sink.room = sink.tell() + 10
    rows = commands()
    exchange.apply(rows[:3])
    with pytest.raises(OSError, match="No space left"):
        exchange.recorder.flush()  # type: ignore[union-attr]
    events = exchange.event_count
    for call in (
        lambda: exchange.apply(rows[3:6]),
        lambda: exchange.deposit("account-0", atoms=1, asset="USD"),
    ):
        with pytest.raises(OSError, match="expected a journal that can be written"):
            call()
    assert exchange.event_count == events


def test_a_number_that_fits_no_row_is_refused_before_it_is_executed() -> None:
    run = Recorded()
    events = run.exchange.event_count
    with pytest.raises(OverflowError):
        run.exchange.execute(1, 0, 0, 0, 300, 0, 0, 0, 0, 100, 5, 1, 0)
    assert run.exchange.event_count == events


def test_the_benchmark_has_the_promised_keys() -> None:
    result = run(quick=True)
    assert set(result) == {"workload", "machine", "figures", "peers"}
    assert set(result["figures"]) == {
        "plain_commands_per_cpu_s", "journaled_commands_per_cpu_s", "replay_commands_per_cpu_s",
        "journal_bytes_per_command", "snapshot_ms", "restore_ms", "snapshot_mb",
    }  # fmt: skip
    assert min(result["figures"].values()) > 0
