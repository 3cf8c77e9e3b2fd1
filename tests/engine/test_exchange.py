"""The ways into an exchange are equal, and its whole state can be saved, restored and queried."""

from __future__ import annotations

import doctest
import os
import subprocess
import sys
from itertools import chain
from pathlib import Path

import msgspec
import numpy as np
import pytest

import exchange_sim.engine.exchange as module
from exchange_sim.engine.accounting import ConservationError
from exchange_sim.engine.command_exchange import AUTOMATIC_CLIENT_IDS
from exchange_sim.engine.core import NEED_EVENTS
from exchange_sim.engine.exchange import Exchange
from exchange_sim.engine.layout import COMMAND
from exchange_sim.engine.snapshots import SNAPSHOT_VERSION, Snapshot, SnapshotError
from exchange_sim.model.enums import CommandKind, Side
from exchange_sim.model.events import OrderAccepted
from tests.engine.conftest import BTC, ETH
from tests.engine.streams import opening_deposits, walk
from tests.engine.twin import INSTRUMENTS, Pair
from tests.engine.validation import check_tables

_FIELDS = (
    "ts_ns", "kind", "account", "instrument", "side", "order_type", "time_in_force", "post_only", "stp",
    "price_ticks", "quantity_lots", "client_order_id", "order_id",
)  # fmt: skip


def new_exchange() -> Exchange:
    exchange = Exchange(INSTRUMENTS)
    for number in range(4):
        exchange.open_account(f"account-{number}")
    return exchange


def recorded(count: int) -> list[tuple[int, ...]]:
    """Return a stream as the integers that the engine received."""
    pair, rows = Pair(), []
    pair.compare_state = lambda: None  # type: ignore[method-assign]
    for command in chain(opening_deposits(4, 2, 10**15), walk(pair.twin, 5, count, drift=30)):
        pair.apply(command)
        rows.append(pair.fields(command))
    return rows


@pytest.fixture(scope="module")
def stream() -> np.ndarray:
    rows = recorded(900)
    commands = np.zeros(len(rows), COMMAND)
    for field, values in zip(_FIELDS, zip(*rows, strict=True), strict=True):
        commands[field] = values
    return commands


def test_rows_and_single_calls_have_equal_events(stream: np.ndarray) -> None:
    whole, parts, single = new_exchange(), new_exchange(), new_exchange()
    expected = whole.apply(stream)
    pieces = [parts.apply(stream[first : first + 37]) for first in range(0, len(stream), 37)]
    assert np.concatenate(pieces).tobytes() == expected.tobytes()
    for row in stream:
        assert single.execute(*(int(row[field]) for field in _FIELDS)) == 0
    assert single.take_events().tobytes() == expected.tobytes()
    assert whole.state_digest() == parts.state_digest() == single.state_digest()
    check_tables(whole)


def test_the_digest_names_the_state_and_not_how_it_was_reached(stream: np.ndarray) -> None:
    whole, prefix = new_exchange(), new_exchange()
    whole.apply(stream)
    prefix.apply(stream[:-1])
    assert prefix.state_digest() != whole.state_digest()
    prefix.apply(stream[-1:])
    assert prefix.state_digest() == whole.state_digest()


def test_a_restored_exchange_continues_equally(stream: np.ndarray) -> None:
    original = new_exchange()
    original.apply(stream[:400])
    payload = original.snapshot()
    copy = Exchange.restore(payload)
    assert copy.state_digest() == original.state_digest()
    assert copy.accounts == original.accounts
    assert copy.apply(stream[400:]).tobytes() == original.apply(stream[400:]).tobytes()
    assert copy.state_digest() == original.state_digest()
    assert copy.now_ns == original.now_ns
    fork = Exchange.restore(payload)
    assert fork.state_digest() != original.state_digest()
    check_tables(copy)


def test_a_snapshot_of_another_version_is_refused(exchange: Exchange) -> None:
    saved = msgspec.msgpack.decode(exchange.snapshot(), type=Snapshot)
    newer = msgspec.structs.replace(saved, version=SNAPSHOT_VERSION + 1)
    with pytest.raises(SnapshotError, match=r"expected a snapshot of version 3 .* was version 4"):
        Exchange.restore(msgspec.msgpack.encode(newer))
    with pytest.raises(SnapshotError):
        Exchange.restore(b"\x93")


def test_unread_events_fill_the_ring_and_nothing_is_lost(exchange: Exchange) -> None:
    fields = (0, CommandKind.CANCEL, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0)
    done = 0
    while exchange.execute(*fields) == 0:
        done += 1
    assert exchange.execute(*fields) == NEED_EVENTS
    assert len(exchange.take_events()) == done
    assert exchange.execute(*fields) == 0
    refused = exchange.cancel("bob", BTC, 1)
    assert len(refused) == 1
    assert exchange.take_events()["account"].tolist() == [0, 1]


def test_unread_events_come_out_of_the_next_array_call(exchange: Exchange) -> None:
    exchange.execute(0, CommandKind.CANCEL, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0)
    row = np.zeros(1, COMMAND)
    row["kind"], row["account"] = CommandKind.CANCEL, 1
    assert exchange.apply(row)["account"].tolist() == [0, 1]
    assert len(exchange.apply(row[:0])) == 0


def test_a_sweep_larger_than_the_ring_is_one_call(exchange: Exchange) -> None:
    rows = np.zeros(6_000, COMMAND)
    rows["kind"], rows["side"], rows["quantity_lots"] = CommandKind.SUBMIT, Side.SELL, 1
    rows["price_ticks"] = 100_000
    rows["account"] = np.arange(6_000) % 2
    exchange.apply(rows)
    assert exchange.open_order_count == 6_000
    events = exchange.market("cat", BTC, "buy", "6")
    assert len(events) == 1 + 2 * 6_000
    assert exchange.open_order_count == 0
    check_tables(exchange)


def test_queries(exchange: Exchange) -> None:
    first = exchange.limit("ann", BTC, "buy", "0.5", "60000", client_order_id=4, post_only=True, ts_ns=9)[0]
    exchange.limit("bob", BTC, "buy", "0.25", "60000")
    exchange.limit("bob", BTC, "buy", "0.1", "59999.9")
    exchange.limit("bob", BTC, "sell", "0.3", "60002")
    assert isinstance(first, OrderAccepted)
    assert exchange.now_ns == first.ts_exchange_ns == 9
    book = exchange.depth(BTC, 5)
    assert book.bids == ((600_000, 750), (599_999, 100))
    assert book.asks == ((600_020, 300),)
    assert exchange.depth(BTC, 1).bids == ((600_000, 750),)
    quote = exchange.quote(BTC)
    assert (quote.bid_ticks, quote.bid_lots, quote.ask_ticks, quote.ask_lots) == (600_000, 750, 600_020, 300)
    assert exchange.quote(ETH).bid_ticks == 0
    assert [order.account_id for order in exchange.queue(BTC)] == ["ann", "bob", "bob", "bob"]
    (own,) = exchange.open_orders("ann")
    assert (own.order_id, own.client_order_id, own.post_only) == (first.order_id, 4, True)
    assert [order.side for order in exchange.open_orders("bob", BTC)] == [Side.BUY, Side.BUY, Side.SELL]
    assert exchange.open_orders("bob", ETH) == []
    assert exchange.position("ann", BTC).open_buy_lots == 500
    assert exchange.mark_ticks(BTC) == 0
    exchange.market("bob", BTC, "sell", "0.1")
    assert exchange.mark_ticks(BTC) == 600_000
    with pytest.raises(KeyError):
        exchange.depth("XYZ")


def test_conservation_check_notices_one_atom(exchange: Exchange) -> None:
    exchange.check_conservation()
    exchange._memory.balances[0, 0] += 1
    with pytest.raises(ConservationError, match="USDT: expected"):
        exchange.check_conservation()
    exchange._memory.balances[0, 0] -= 1
    exchange._memory.positions["lots"][0, 0] += 1
    with pytest.raises(ConservationError, match=BTC):
        exchange.check_conservation()


def test_thousands_of_accounts_can_be_opened() -> None:
    exchange = Exchange(INSTRUMENTS)
    numbers = [
        exchange.open_account(f"account-{number}", deposit="7", asset="USD") for number in range(3_000)
    ]
    assert numbers == list(range(3_000))
    assert exchange.balance_atoms("account-2999", "USD") == 7 * 10**8
    exchange.check_conservation()
    with pytest.raises(ValueError, match="asset: expected one of USD, EUR, was none"):
        exchange.balance("account-1")


def test_orders_without_an_id_never_meet_a_chosen_one(exchange: Exchange) -> None:
    """Whatever ids are chosen, also those that the number of events will reach."""
    taken = range(1, 60)
    name, other, symbol = *exchange.accounts[:2], BTC
    exchange.limit(other, symbol, "sell", "0.01", "1000", client_order_id=1)
    exchange.limit(name, symbol, "buy", "0.01", "1000", client_order_id=1)
    for number in taken:
        exchange.limit(name, symbol, "buy", "0.01", "900", client_order_id=number)
    exchange.limit(name, symbol, "buy", "0.01", "900", client_order_id=AUTOMATIC_CLIENT_IDS)
    events = [
        *exchange.limit(name, symbol, "buy", "0.01", "900"),
        *exchange.oco(name, symbol, "buy", "0.01", "900", "2000"),
        *exchange.limit(name, symbol, "buy", "0.01", "900"),
        *exchange.bracket(name, symbol, "buy", "0.01", "900", stop_loss="800"),
        *exchange.limit(name, symbol, "buy", "0.01", "900"),
    ]
    assert all(isinstance(each, OrderAccepted) for each in events), events
    numbers = [each.client_order_id for each in events if isinstance(each, OrderAccepted)]
    assert len(set(numbers)) == len(events) == 7
    assert min(numbers) > AUTOMATIC_CLIENT_IDS + 2
    with pytest.raises(ValueError, match=r"client_order_id: expected at most 10{18} \(.*\), was 10{17}1"):
        exchange.limit(name, symbol, "buy", "1", "2", client_order_id=AUTOMATIC_CLIENT_IDS + 1)


def test_the_example_of_the_documentation_runs() -> None:
    assert doctest.testmod(module).failed == 0


def test_another_process_reaches_the_same_digest_from_the_code_cache(
    stream: np.ndarray, tmp_path: Path
) -> None:
    exchange = new_exchange()
    exchange.apply(stream)
    path = tmp_path / "stream.npy"
    np.save(path, stream)
    code = (
        "import sys, numpy as np\n"
        "from tests.engine.test_exchange import new_exchange\n"
        "exchange = new_exchange()\n"
        "exchange.apply(np.load(sys.argv[1]))\n"
        "from exchange_sim.engine.core import run_batch, run_single\n"
        "assert not run_batch.stats.cache_misses and not run_single.stats.cache_misses\n"
        "print(exchange.state_digest())\n"
    )
    done = subprocess.run(  # noqa: S603 - this interpreter, with code from above
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONHASHSEED": "77"},
    )  # fmt: skip
    assert done.stdout.strip() == exchange.state_digest()
