"""Programs outside join a market over loopback, trade, leave, come back; and the journal has all of it."""

from __future__ import annotations

import runpy
import socket
import threading
from pathlib import Path

import pytest

from actors.config_files import load_match
from actors.realtime.client import MarketClient, MarketClosedError, Message
from actors.realtime.reception import SLICE_COMMANDS
from actors.realtime.run import RealtimeRunner
from actors.replay import replay_journal
from exchange_sim.journal import Steered
from exchange_sim.journal_reader import read_journal
from exchange_sim.model.codec import decode_commands
from exchange_sim.model.commands import CancelAll, CancelOrder, SubmitOrder
from exchange_sim.model.enums import OrderType, Reason, Side, TimeInForce
from exchange_sim.model.events import OrderAccepted, OrderCanceled, OrderDenied, OrderFilled
from exchange_sim.model.ids import AccountId, ClientOrderId, InstrumentId
from exchange_sim.model.market import Bar, BookSnapshot, Quote, Trade
from tests.match.test_match import MAKER, SCALPER
from tests.realtime.markets import ALICE, BOB, KEY, NAME, match_of, open_market

BTC = InstrumentId(NAME)
EXAMPLES = Path(__file__).parents[2] / "examples"


def _until(client: MarketClient, kind: type, seen: list[Message] | None = None) -> Message:
    """Return the next message of a kind; those before it are kept in `seen`."""
    for message in client.messages():
        if seen is not None:
            seen.append(message)
        if isinstance(message, kind):
            return message
    raise AssertionError(f"the market ended before {kind.__name__}")


def _far_below(quote: Quote) -> int:
    return quote.bid_ticks * 9 // 10


def _quote(client: MarketClient) -> Quote:
    while True:
        quote = _until(client, Quote)
        assert isinstance(quote, Quote)
        if quote.instrument_id == BTC and quote.bid_ticks and quote.ask_ticks:
            return quote


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A match in which two programs have traded."""
    path = tmp_path_factory.mktemp("outside") / "match.journal"
    with open_market(match_of(MAKER, ALICE, SCALPER, BOB), journal_path=path) as market:
        with market.join() as alice, market.join("bob") as bob:
            assert [each.instrument_id for each in alice.instruments] == ["BTC/USDT:USDT", "SOL/USDT:USDT"]
            assert alice.speed == 1.0
            assert alice.next_client_order_id == 1
            assert alice.snapshot.orders == alice.snapshot.holdings == ()
            assert alice.snapshot.balances_atoms["USDT"] == 100_000 * 10**8
            quote = _quote(alice)
            resting = alice.submit_limit(BTC, Side.BUY, 3, _far_below(quote))
            accepted = _until(alice, OrderAccepted)
            assert isinstance(accepted, OrderAccepted)
            assert (accepted.client_order_id, accepted.quantity_lots) == (resting, 3)
            assert accepted.ts_exchange_ns >= quote.ts_received_ns + 10_000_000
            alice.submit_market(BTC, Side.SELL, 2)
            seen: list[Message] = []
            fill = _until(alice, OrderFilled, seen)
            assert isinstance(fill, OrderFilled)
            assert fill.client_order_id == resting + 1
            while not {Quote, Trade, Bar} <= {type(each) for each in seen}:
                _until(alice, Bar, seen)
            received = [each.ts_received_ns for each in seen]  # type: ignore[union-attr] # none was refused
            assert received == sorted(received)
            book = _until(bob, BookSnapshot, seen := [])
            assert isinstance(book, BookSnapshot)
            assert {type(each) for each in seen} == {BookSnapshot}
            number = bob.submit_limit(BTC, Side.SELL, 1, book.asks[0][0] * 11 // 10)
            assert _until(bob, OrderAccepted).client_order_id == number  # type: ignore[union-attr]
            bob.cancel(BTC, number)
            assert _until(bob, OrderCanceled).client_order_id == number  # type: ignore[union-attr]
            assert bob.ping() >= book.ts_received_ns
        with market.join() as alice:
            assert [order.client_order_id for order in alice.snapshot.orders] == [resting]
            assert alice.snapshot.holdings[0].lots == -2
            assert alice.next_client_order_id == resting + 2
            alice.cancel_all()
            assert _until(alice, OrderCanceled).client_order_id == resting  # type: ignore[union-attr]
    assert market.result is not None
    report = market.runner.report
    assert report is not None
    assert not report.complete
    assert [(each.name, each.joined, each.commands) for each in report.outside] == [
        ("alice", 2, 3),
        ("bob", 1, 2),
    ]
    assert [bot.fills > 0 for bot in market.result.bots][1]
    assert "arena-realtime" not in {thread.name for thread in threading.enumerate()}
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", market.port), 5.0)
    return path


def test_a_match_with_outside_accounts_replays_from_its_journal(journal: Path) -> None:
    records = read_journal(journal).streams["alice"]
    entered = [each for each in records if isinstance(each, Steered)]
    assert [each.action for each in entered] == ["enter"] * 3
    replay = replay_journal(journal)
    assert replay.engine is not None
    assert replay.engine.difference is None
    assert replay.differences == ()
    assert dict(replay.bots)["alice"] > 8
    assert KEY.encode() not in journal.read_bytes()


def test_orders_end_with_the_connection_where_the_client_wants_it() -> None:
    with open_market(match_of(MAKER, ALICE)) as market:
        alice = market.join(on_disconnect="cancel")
        kept = alice.submit_limit(BTC, Side.BUY, 1, _far_below(_quote(alice)))
        _until(alice, OrderAccepted)
        alice._socket.close()  # the program dies
        with market.join() as alice:
            orders = alice.snapshot.orders
            if orders:  # the cancel is still on its way
                assert _until(alice, OrderCanceled).client_order_id == kept  # type: ignore[union-attr]
            assert alice.next_client_order_id == kept + 1


def test_a_second_connection_takes_the_account_over() -> None:
    with open_market(match_of(MAKER, ALICE)) as market, market.join() as first:
        kept = first.submit_limit(BTC, Side.BUY, 1, _far_below(_quote(first)))
        _until(first, OrderAccepted)
        with market.join() as second:
            assert [order.client_order_id for order in second.snapshot.orders] == [kept]
            with pytest.raises(MarketClosedError, match="another connection has taken the account over"):
                for _ in first.messages():
                    pass
            assert _quote(second).bid_ticks


def test_commands_pass_the_risk_gate_and_what_is_no_command_of_the_account_is_refused() -> None:
    with open_market(match_of(MAKER, ALICE)) as market, market.join(topics=()) as alice:
        alice.submit_limit(BTC, Side.BUY, -1, 100)
        denied = _until(alice, OrderDenied)
        assert isinstance(denied, OrderDenied)
        assert denied.reason is Reason.RISK_INVALID_ORDER
        kind, in_force = OrderType.LIMIT, TimeInForce.GTC

        def order(account: str, name: str, number: int, lots: int = 3) -> SubmitOrder:
            names = AccountId(account), InstrumentId(name), ClientOrderId(number)
            return SubmitOrder(*names, Side.BUY, kind, in_force, lots, 900_000)

        alice.send(
            order("maker", NAME, 9),
            order("alice", "XRP/USDT:USDT", 9),
            order("alice", NAME, 1),
            order("alice", NAME, 9, lots=2**63),
            CancelOrder(AccountId("alice"), InstrumentId(""), ClientOrderId(1)),
            order("alice", NAME, 9),
        )
        reasons = []
        for message in alice.messages():
            if isinstance(message, OrderAccepted):
                assert message.client_order_id == 9
                break
            reasons.append((message.client_order_id, message.reason))  # type: ignore[union-attr]
        assert reasons == [
            (9, "account_id: expected 'alice', was 'maker'"),
            (9, "instrument_id: expected one of BTC/USDT:USDT, SOL/USDT:USDT, was 'XRP/USDT:USDT'"),
            (1, "client_order_id: expected 2 or more, was 1"),
            (9, f"quantity_lots: expected at most {2**62} in size, was {2**63}"),
            (1, "instrument_id: expected one of BTC/USDT:USDT, SOL/USDT:USDT, was ''"),
        ]


def test_a_flood_of_commands_enters_bit_by_bit_and_takes_nobody_out(tmp_path: Path) -> None:
    path = tmp_path / "match.journal"
    with open_market(match_of(MAKER, ALICE), journal_path=path) as market, market.join(topics=()) as alice:
        for _ in range(8):
            alice.send(*[CancelAll(alice.account_id)] * 500)
        number = alice.submit_limit(BTC, Side.BUY, 3, 900_000)
        assert _until(alice, OrderAccepted).client_order_id == number  # type: ignore[union-attr]
    assert market.result is not None
    assert market.result.bots[1].disqualified == ""
    steered = [each for each in read_journal(path).streams["alice"] if isinstance(each, Steered)]
    sizes = [len(decode_commands(each.values)) for each in steered]
    assert sum(sizes) == 4_001
    assert max(sizes) == SLICE_COMMANDS


def test_keys_that_are_not_given_are_drawn_and_told_once() -> None:
    with open_market(match_of(ALICE, BOB), environment={"ARENA_KEY_BOB": "x" * 16}) as market:
        assert set(market.drawn) == {"alice"}
        assert len(market.drawn["alice"]) >= 32
        with MarketClient.join(market.port, "alice", market.drawn["alice"]) as alice:
            assert alice.account_id == "alice"


@pytest.mark.parametrize(
    ("environment", "names", "problem"),
    [
        ({"ARENA_KEY_ALICE": "short"}, ["alice"], "ARENA_KEY_ALICE: expected 16 bytes or more, was 5"),
        ({}, ["mm-1", "mm.1"], "ARENA_KEY_MM_1: expected to name one account, was 'mm-1' and 'mm.1'"),
    ],
)
def test_keys_that_cannot_be_used_are_said(
    environment: dict[str, str], names: list[str], problem: str
) -> None:
    bots = [type(ALICE)(name=name, strategy="outside") for name in names]
    with pytest.raises(ValueError, match=problem):
        RealtimeRunner(1.0, environment=environment).play(match_of(*bots))


def test_the_example_joins_trades_and_leaves(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    match = load_match(EXAMPLES / "join_market.toml", outside=True)
    monkeypatch.setenv("ARENA_KEY_ALICE", KEY)
    with open_market(match) as market:
        monkeypatch.setattr("sys.argv", ["join_market.py", str(market.port), "alice"])
        runpy.run_path(str(EXAMPLES / "join_market.py"), run_name="__main__")
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "joined at x1; orders: 0"
    assert sum(line.startswith("SELL") for line in said) >= 3
    assert said[-1].endswith("position 0")
