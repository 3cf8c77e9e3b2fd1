"""What is recorded comes back; what is damaged is noticed."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.testing.stage import SECOND_NS, Player, Stage
from exchange_sim.journal import (
    Disqualified,
    JournalHeader,
    JournalWriter,
    Record,
    Sent,
    Started,
    Stopped,
    frame,
)
from exchange_sim.journal_reader import JournalError, parse_journal, read_journal
from exchange_sim.model.commands import CancelAll, CancelOrder, ModifyOrder, SubmitOrder
from exchange_sim.model.enums import Liquidity, OrderType, Reason, Side, TimeInForce
from exchange_sim.model.events import (
    CancelRejected,
    ModifyRejected,
    OrderAccepted,
    OrderCanceled,
    OrderDenied,
    OrderExpired,
    OrderFilled,
    OrderModified,
    OrderRejected,
)
from tests.order_path.bots import MID, Scripted, Wall

HEAD: Any = ("a", "BTC/USDT:USDT", 1, 2, 3)
HEADER = JournalHeader(streams=("a", "b"), seed=5, config_digest="c")
RECORDS: list[Record] = [
    Started("a", 1, "Bot", b"\x00\xff"),  # type: ignore[arg-type]
    Sent(
        2, SubmitOrder(*HEAD[:3], Side.SELL, OrderType.LIMIT, TimeInForce.GTC, 2**31 - 1, 5, post_only=True)
    ),
    Sent(3, ModifyOrder(*HEAD[:3], 1, 2)),
    Sent(4, CancelOrder(*HEAD[:3])),
    Sent(5, CancelAll(HEAD[0])),
    OrderAccepted(*HEAD, 2**40, Side.BUY, 100, 10),
    OrderRejected(*HEAD, Reason.INVALID_PRICE, "text"),
    OrderDenied(*HEAD, Reason.RISK_HALTED),
    OrderFilled(*HEAD, 7, 8, Side.SELL, 100, 4, 6, -5, Liquidity.MAKER),
    OrderCanceled(*HEAD, 7, 6, Reason.CANCELED_BY_USER),
    OrderExpired(*HEAD, 7, 6, Reason.IOC_REMAINDER),
    OrderModified(*HEAD, 7, 99, 8, 8),
    CancelRejected(*HEAD, Reason.UNKNOWN_ORDER),
    ModifyRejected(*HEAD, Reason.INVALID_PRICE),
    Disqualified("a", 6, "raised"),  # type: ignore[arg-type]
    Stopped("a", 7),  # type: ignore[arg-type]
]

writes = st.lists(
    st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(RECORDS), st.booleans()), max_size=40
)


def written(steps: list[tuple[str, Record, bool]], *, close: bool = True) -> tuple[bytes, str]:
    sink = io.BytesIO()
    writer = JournalWriter(HEADER, sink)
    for name, record, flush in steps:
        stream = writer.stream(name)
        stream.records.append(record)
        if flush:
            stream.flush(at_least=1)
    digest = writer.close().digest if close else ""
    return sink.getvalue(), digest


WHOLE, _ = written([("a", record, n % 3 == 0) for n, record in enumerate(RECORDS)])


@given(writes)
@settings(deadline=None)
def test_what_is_written_comes_back_per_stream(steps: list[tuple[str, Record, bool]]) -> None:
    content, digest = written(steps)
    journal = parse_journal(content)
    assert journal.complete
    assert journal.torn_bytes == 0
    assert journal.header == HEADER
    assert journal.footer is not None
    assert journal.footer.digest == digest
    assert journal.footer.records == len(steps)
    for name in ("a", "b"):
        assert journal.streams[name] == [record for stream, record, _ in steps if stream == name]


@given(writes, st.data())
@settings(deadline=None)
def test_the_digest_depends_on_records_not_on_frames(
    steps: list[tuple[str, Record, bool]], data: st.DataObject
) -> None:
    reframed = [(name, record, data.draw(st.booleans())) for name, record, _ in steps]
    interleaved = sorted(reframed, key=lambda step: step[0])
    assert written(steps)[1] == written(reframed)[1] == written(interleaved)[1]
    writer = JournalWriter(HEADER)
    for name, record, _ in steps:
        writer.stream(name).records.append(record)
    assert writer.close().digest == written(steps)[1]
    if steps:
        assert written(steps[:-1])[1] != written(steps)[1]


def test_the_digest_names_seed_configuration_and_accounts() -> None:
    digests = {
        JournalWriter(header).close().digest
        for header in (
            HEADER,
            JournalHeader(streams=("a", "b"), seed=6, config_digest="c"),
            JournalHeader(streams=("a", "b"), seed=5, config_digest="d"),
            JournalHeader(streams=("b", "a"), seed=5, config_digest="c"),
        )
    }
    assert len(digests) == 4


@pytest.mark.parametrize("bit", range(8))
def test_every_flipped_bit_is_found(bit: int) -> None:
    whole = parse_journal(WHOLE)
    for place in range(len(WHOLE)):
        damaged = bytearray(WHOLE)
        damaged[place] ^= 1 << bit
        with pytest.raises(JournalError, match=r"byte|digest|header"):
            parse_journal(bytes(damaged))
    assert whole.complete


def test_every_torn_tail_is_cut_and_said() -> None:
    whole = parse_journal(WHOLE)
    header_bytes = len(written([], close=False)[0])
    for length in range(len(WHOLE)):
        if length < header_bytes:
            with pytest.raises(JournalError, match="without a whole header"):
                parse_journal(WHOLE[:length])
            continue
        journal = parse_journal(WHOLE[:length])
        assert not journal.complete
        assert journal.streams["a"] == whole.streams["a"][: len(journal.streams["a"])]
        kept = length - journal.torn_bytes
        assert parse_journal(WHOLE[:kept]).torn_bytes == 0


def test_missing_frames_and_strangers_are_found() -> None:
    header = frame(b"H" + msgspec.msgpack.encode(HEADER))
    footer = WHOLE[WHOLE.rindex(b"F") - 12 :] if WHOLE else b""
    with pytest.raises(JournalError, match="frames are missing"):
        parse_journal(header + footer)
    with pytest.raises(JournalError, match="expected the end after the footer"):
        parse_journal(WHOLE + frame(b"R\x00\x00\x90"))
    with pytest.raises(JournalError, match="expected a stream below 2, was 9"):
        parse_journal(header + frame(b"R\x09\x00\x90"))
    with pytest.raises(JournalError, match="expected the header"):
        parse_journal(frame(b"R\x00\x00\x90"))
    old = JournalHeader(streams=(), seed=1, config_digest="", journal_version=0)
    with pytest.raises(JournalError, match=r"expected journal version 2 .* an older"):
        parse_journal(frame(b"H" + msgspec.msgpack.encode(old)))
    newer = {**msgspec.to_builtins(HEADER), "journal_version": 3, "invented_later": True}
    with pytest.raises(JournalError, match=r"expected journal version 2 .* was 3 and .* a newer bot-arena"):
        parse_journal(frame(b"H" + msgspec.msgpack.encode(newer)))


def test_streams_have_different_names() -> None:
    with pytest.raises(ValueError, match="expected different names"):
        JournalWriter(JournalHeader(streams=("a", "a"), seed=1, config_digest=""))


@settings(deadline=None, max_examples=3)
@given(st.integers(1, 3))
def test_a_run_is_in_its_journal(seed: int) -> None:
    bot = Scripted(
        (100, lambda b, c: c.submit_market(b.symbol, Side.BUY, 3)),
        (200, lambda b, c: c.submit_limit(b.symbol, Side.BUY, 0, MID)),
    )
    sink = io.BytesIO()
    stage = Stage(
        [Player("bot", bot), Player("wall", Wall())], duration_ns=SECOND_NS, seed=seed, journal=sink
    )
    footer = stage.play().footer
    journal = parse_journal(sink.getvalue())
    assert journal.footer == footer
    assert [type(record).__name__ for record in journal.streams["bot"]] == [
        "Started", "Sent", "OrderAccepted", "OrderFilled", "OrderDenied", "Stopped",
    ]  # fmt: skip
    events = [record for record in journal.streams["bot"] if record in bot.heard]
    assert events == bot.heard


def test_files_are_read_by_path(tmp_path: Path) -> None:
    path = tmp_path / "x.journal"
    path.write_bytes(WHOLE)
    assert read_journal(path).complete
    path.write_bytes(WHOLE[:-1])
    assert read_journal(path).torn_bytes > 0
    path.write_bytes(b"nonsense, but long enough for a head of a frame")
    with pytest.raises(JournalError, match=r"x\.journal, byte 0"):
        read_journal(path)
