"""Order files written from an exchange's own life and read back; and files that are wrong."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange_sim.replay.orders.bitstamp import read_bitstamp
from exchange_sim.replay.orders.lobster import read_lobster
from exchange_sim.replay.orders.market import read_orders
from exchange_sim.replay.orders.recording import OrderRecording
from exchange_sim.replay.orders.table import RecordingError
from exchange_sim.replay.orders.translation import translate
from tests.replay.order_worlds import BTC, SHARE, exchange_of, trades_of
from tests.replay.slow_book import SlowBook, Step, View

MS = 1_000_000
FIRST_MS = 1_430_438_400_000
CENT, MICRO, ONE = Decimal("0.01"), Decimal("0.000001"), Decimal(1)

steps = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.sampled_from([1, -1]), st.integers(95, 106), st.integers(1, 9)),
        st.tuples(st.just("cancel"), st.integers(0, 50), st.just(0), st.just(0)),
    ),
    min_size=8,
    max_size=60,
)


def _bitstamp(folder: Path, events: list[tuple], trades: list[tuple], book: list[tuple]) -> Path:  # type: ignore[type-arg]
    """Write rows of events (ms, id, action, side, price, qty), trades (ms, price, qty) and the first book."""

    def write(what: str, names: list[str], rows: list[tuple]) -> Path:  # type: ignore[type-arg]
        columns = list(zip(*rows, strict=True)) or [[] for _ in names]
        path = folder / f"some_{what}.parquet"
        pq.write_table(pa.table(dict(zip(names, map(list, columns), strict=True))), path)
        return path

    write("trades", ["timestamp", "price", "qty"], trades)
    write("initial_book", ["timestamp", "side", "price", "qty"], book)
    return write("events", ["timestamp", "order_id", "action", "side", "price", "qty"], events)


@settings(max_examples=25, deadline=None)
@given(drawn=steps)
def test_bitstamp_files_of_a_market_bring_about_its_trades_and_its_queue(drawn: list[Step]) -> None:
    book = SlowBook()
    opening: list[Step] = [("add", 1, 90, 5), ("add", -1, 110, 5)]
    ending: list[Step] = [("add", 1, 80, 1)]
    happened = [book.step(number, step) for number, step in enumerate([*opening, *drawn, *ending])]
    events: list[tuple[int, int, str, int, float, float]] = []
    trades: list[tuple[int, float, float]] = []
    for number, one in enumerate(happened):
        ts = FIRST_MS + 100 * number
        if one.added is not None:
            order, side, price, lots = one.added
            events.append((ts, order, "created", side, price / 100, lots / 1e6))
        for fill in one.fills:
            trades.append((ts + 3, fill.price / 100, fill.lots / 1e6))
            for order, side, price, left in (
                (fill.maker, -fill.side, fill.price, fill.maker_left),
                (fill.taker, fill.side, fill.limit, fill.taker_left),
            ):
                action = "changed" if left else "deleted"
                events.append((ts, order, action, side, price / 100, left / 1e6))
        if one.canceled is not None:
            order, side, price, lots = one.canceled
            events.append((ts, order, "deleted", side, price / 100, lots / 1e6))
    trades = trades or [(FIRST_MS + 10**9, 1.0, 0.5)]
    initial = [(FIRST_MS + 150, 1, 0.90, 5e-6), (FIRST_MS + 150, -1, 1.10, 5e-6)]
    with TemporaryDirectory() as folder:
        made = read_bitstamp(_bitstamp(Path(folder), events, trades, initial), tick_size=CENT, lot_size=MICRO)
    commands = translate(made, BTC, made.end_ns + 1)
    exchange = exchange_of(commands, BTC)
    found = trades_of(exchange.apply(commands.rows))
    assert found == [fill.pair() for one in happened for fill in one.fills]
    queue = [
        (each.client_order_id, each.price_ticks, each.leaves_lots) for each in exchange.queue("BTC/USD:USD")
    ]
    assert queue == book.queue()


@settings(max_examples=25, deadline=None)
@given(drawn=steps, depth=st.integers(2, 12))
def test_lobster_files_of_a_market_bring_about_its_book(drawn: list[Step], depth: int) -> None:
    """With few levels in the files, the messages of deeper ones are left out, as LOBSTER does."""
    book = SlowBook()
    messages: list[str] = []
    rows: list[View] = []
    fills = []
    book.step(0, ("add", 1, 90, 5))
    book.step(1, ("add", -1, 110, 5))
    view = _top(book.view(), depth)
    for number, step in enumerate(drawn):
        one = book.step(number + 2, step)
        at = f"{34_200 + number}.{number:09d}"
        own: list[tuple[str, View]] = [
            (f"{at},4,{fill.maker},{fill.lots},{fill.price * 100},{-fill.side}", after)
            for fill, after in zip(one.fills, one.views, strict=True)
        ]
        rest = 0 if one.added is None else one.added[3] - sum(fill.lots for fill in one.fills)
        if one.added is not None and rest:
            order, side, price, _ = one.added
            own.append((f"{at},1,{order},{rest},{price * 100},{side}", book.view()))
        if one.canceled is not None:
            order, side, price, lots = one.canceled
            own.append((f"{at},3,{order},{lots},{price * 100},{side}", book.view()))
        for message, after in own:
            if _top(after, depth) != view:
                view = _top(after, depth)
                messages.append(message)
                rows.append(view)
        fills += one.fills
    if not messages:
        return
    made = _lobster(messages, rows, depth)
    commands = translate(made, SHARE, made.end_ns + 1)
    exchange = exchange_of(commands, SHARE)
    place, found = 0, []
    for number, message in enumerate(messages):
        later = messages[number + 1 :]
        if later and later[0].split(",")[0] == message.split(",")[0]:
            continue
        until = made.end_ns + 10**9 if not later else _time(later[0])
        stop = int(commands.rows["ts_ns"].searchsorted(until))
        found += trades_of(exchange.apply(commands.rows[place:stop]))
        place = stop
        now = exchange.depth("AAPL/USD:USD", depth)
        assert [list(now.bids), list(now.asks)] == rows[number]
    assert [trade[:2] for trade in found] == [(fill.price, fill.lots) for fill in fills]


def _top(view: View, depth: int) -> View:
    return [side[:depth] for side in view]


def _time(message: str) -> int:
    """Return the time of a message on 2012-06-21, when New York is four hours behind, in ns."""
    midnight = 1_340_251_200
    return int((Decimal(message.split(",", maxsplit=1)[0]) + midnight) * 10**9)


def _lobster(messages: list[str], rows: list[View], depth: int) -> OrderRecording:
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"AAPL_2012-06-21_34200000_57600000_message_{depth}.csv"
        path.write_text("\n".join(messages) + "\n")
        lines = []
        for bids, asks in rows:
            fields: list[int] = []
            for level in range(depth):
                for side, empty in ((asks, 9_999_999_999), (bids, -9_999_999_999)):
                    price, lots = side[level] if level < len(side) else (0, 0)
                    fields += [price * 100 if lots else empty, lots]
            lines.append(",".join(map(str, fields)))
        (Path(folder) / path.name.replace("_message_", "_orderbook_")).write_text("\n".join(lines) + "\n")
        return read_lobster(path, tick_size=CENT)


GOOD = [
    (FIRST_MS, 10, "created", 1, 90.0, 1.0),
    (FIRST_MS + 1, 11, "created", -1, 110.0, 1.0),
    (FIRST_MS + 9, 11, "deleted", -1, 110.0, 1.0),
]
TRADES = [(FIRST_MS + 5, 100.0, 1.0)]
BOOK = [(FIRST_MS + 2, 1, 90.0, 1.0)]


@pytest.mark.parametrize(
    ("rows", "error"),
    [
        (
            [*GOOD, (FIRST_MS + 9, 99, "deleted", 1, 95.0, 1.0)],
            r"row 4, column order_id: expected an order that was created, or .* \(below 10\), was 99",
        ),
        (
            [*GOOD, (FIRST_MS + 8, 12, "created", 1, 95.0, 1.0)],
            "row 4, column timestamp: .* was 1430438400008",
        ),
        (
            [*GOOD, (FIRST_MS + 9, 12, "created", 1, 95.005, 1.0)],
            "row 4, column price: .* multiple of 0.01, was 95.005",
        ),
        ([*GOOD, (FIRST_MS + 9, 12, "created", 1, 95.0, 1e-9)], "row 4, column qty: .* was 1e-09"),
        (
            [*GOOD, (FIRST_MS + 9, 12, "created", 1, 95.0, 1e6)],
            "row 4, column qty: expected 2147483647.* or less",
        ),
        (
            [*GOOD, (FIRST_MS + 9, 12, "created", 2, 95.0, 1.0)],
            r"row 4, column side: expected \+1 or -1, was 2",
        ),
        ([*GOOD, (FIRST_MS + 9, 12, "gone", 1, 95.0, 1.0)], "row 4, column action: .* was 'gone'"),
        (
            [*GOOD, (FIRST_MS + 9, 10, "created", 1, 90.0, 1.0)],
            "row 4, column order_id: expected a new order",
        ),
        (
            [*GOOD, (FIRST_MS + 9, 10, "deleted", -1, 90.0, 1.0)],
            "row 4, column side: expected 1, as in the first",
        ),
        ([*GOOD, (FIRST_MS + 9, 12, "created", 1, float("nan"), 1.0)], "row 4, column price: .* was nan"),
    ],
)
def test_a_wrong_bitstamp_row_is_named(tmp_path: Path, rows: list[tuple], error: str) -> None:  # type: ignore[type-arg]
    path = _bitstamp(tmp_path, rows, TRADES, BOOK)
    with pytest.raises(RecordingError, match=error):
        read_bitstamp(path, tick_size=CENT, lot_size=MICRO)


def test_orders_from_before_rest_are_ignored_or_refused(tmp_path: Path) -> None:
    path = _bitstamp(tmp_path, [*GOOD, (FIRST_MS + 9, 7, "deleted", 1, 89.0, 2.0)], TRADES, BOOK)
    made = read_bitstamp(path, tick_size=CENT, lot_size=MICRO)
    assert [row[0] for row in made.resting.tolist()] == [7, 10, 11]
    made = read_bitstamp(path, tick_size=CENT, lot_size=MICRO, unknown="ignore")
    assert [row[0] for row in made.resting.tolist()] == [10, 11]
    with pytest.raises(RecordingError, match=r"row 4, column order_id: .* was 7"):
        read_bitstamp(path, tick_size=CENT, lot_size=MICRO, unknown="error")


def test_files_that_are_not_there_or_something_else(tmp_path: Path) -> None:
    path = _bitstamp(tmp_path, GOOD, TRADES, BOOK)
    (tmp_path / "some_trades.parquet").unlink()
    with pytest.raises(RecordingError, match=r"some_trades.parquet: no such file"):
        read_orders(path, tick_size=CENT, lot_size=MICRO)
    pq.write_table(pa.table({"a": [1]}), tmp_path / "else.parquet")
    with pytest.raises(RecordingError, match=r"expected the columns of Bitstamp .* or of LOBSTER .*, has a"):
        read_orders(tmp_path / "else.parquet", tick_size=CENT, lot_size=MICRO)
    (tmp_path / "torn.parquet").write_bytes(path.read_bytes()[:100])
    with pytest.raises(RecordingError, match="expected a Parquet or CSV file"):
        read_orders(tmp_path / "torn.parquet", tick_size=CENT, lot_size=MICRO)


@pytest.mark.parametrize(
    ("lines", "error"),
    [
        (
            ["34200.5,1,5,10,5000,1", "34200.4,1,6,10,4900,1"],
            "row 2, column time: expected a time not before",
        ),
        (["34200.5,1,5,10,5000,1", "34200.6,4,77,10,5100,-1"], "row 2, column size: .* has at this price, 0"),
        (["34200.5,1,5,10,5001,1"], "row 1, column price: expected a multiple of 100"),
        (["34200.5,9,5,10,5000,1"], "row 1, column type: expected 7 or less, was 9"),
        (["34200.5,1,5,0,5000,1"], "row 1, column size: expected 1 or more, was 0"),
        (["noon,1,5,10,5000,1"], "row 1, column time: expected seconds after midnight, was 'noon'"),
        (["34200.5,1,5,ten,5000,1"], "expected a CSV file of whole numbers"),
        (["34200.5,1,5,10,5000"], "expected 6 columns"),
    ],
)
def test_a_wrong_lobster_row_is_named(lines: list[str], error: str) -> None:
    with pytest.raises(RecordingError, match=error):
        _lobster(lines, [[[(50, 10)], []]] * len(lines), 1)
