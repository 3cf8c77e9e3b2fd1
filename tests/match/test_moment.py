"""A match can be saved at any moment, gone on from elsewhere, and sent into two futures."""

from __future__ import annotations

import os
import subprocess
import sys
from decimal import Decimal
from functools import cache
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.context import HostContext
from actors.fork import (
    ForkError,
    OrderMore,
    Slower,
    Without,
    apply_change,
    fork,
    parse_latency,
    parse_order,
)
from actors.match import run_match
from actors.match_config import MatchSpec
from actors.moment import Moment
from actors.result import MatchResult
from actors.venues.faulty import FaultyVenue
from exchange_sim.engine.snapshots import SnapshotError
from exchange_sim.faults import AccountFaults, DownFaults, LinkFaults
from exchange_sim.latency import AccountLatency, ConstantLatency
from exchange_sim.markets.duration import SECOND_NS
from exchange_sim.model.enums import Side
from tests.match.test_match import CASH, MAKER, SCALPER, spec

MATCH = spec(SCALPER, MAKER, CASH, duration="20s")
HALF_NS = 10 * SECOND_NS
SLOW = ConstantLatency(delay_us=80_000)


@cache
def straight(seed: int = 5) -> MatchResult:
    return run_match(other(seed))


@cache
def halfway() -> Moment:
    return Moment.reach(MATCH, HALF_NS)


def other(seed: int) -> MatchSpec:
    return msgspec.structs.replace(MATCH, seed=seed)


def same(left: MatchResult, right: MatchResult) -> bool:
    return (
        (left.digest, left.market_digest, left.bots, left.figures)
        == (right.digest, right.market_digest, right.bots, right.figures)
        and left.equity.tobytes() == right.equity.tobytes()
        and left.fills.tobytes() == right.fills.tobytes()
        and [each.tobytes() for each in left.market] == [each.tobytes() for each in right.market]
    )


@settings(deadline=None, max_examples=4)
@given(st.integers(1, 20 * SECOND_NS - 1), st.integers(5, 6))
def test_a_match_goes_on_from_any_moment_as_if_it_had_not_been_saved(after_ns: int, seed: int) -> None:
    moment = Moment.load(Moment.reach(other(seed), after_ns).save(), spec=other(seed))
    match = moment.resume()
    match.go_on(match.end_ns)
    assert same(match.finish(), straight(seed))


def test_another_process_goes_on_to_the_same_digests(tmp_path: Path) -> None:
    path = tmp_path / "half.moment"
    path.write_bytes(halfway().save())
    code = (
        "import pathlib, sys\n"
        "from actors.moment import Moment\n"
        "match = Moment.load(pathlib.Path(sys.argv[1]).read_bytes()).resume()\n"
        "match.go_on(match.end_ns)\n"
        "result = match.finish()\n"
        "print(result.digest, result.market_digest)\n"
    )
    done = subprocess.run(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", code, str(path)],
        env={**os.environ, "PYTHONHASHSEED": "77"},
        capture_output=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout.decode().split() == [straight().digest, straight().market_digest]


def test_damaged_moments_and_those_of_another_match_are_refused() -> None:
    saved = halfway().save()
    for place in range(0, len(saved), len(saved) // 50):
        damaged = bytearray(saved)
        damaged[place] ^= 0x41
        with pytest.raises(SnapshotError):
            Moment.load(bytes(damaged))
    with pytest.raises(SnapshotError, match="expected a moment of configuration"):
        Moment.load(saved, spec=other(9))
    with pytest.raises(SnapshotError, match="expected a moment of a match"):
        Moment.load(b"")
    for after_ns in (0, 20 * SECOND_NS):
        with pytest.raises(SnapshotError, match="at: expected a moment inside the match of 20s"):
            Moment.reach(MATCH, after_ns)


def test_a_bot_that_does_not_do_again_what_it_did_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = halfway()
    submit = HostContext.submit_market
    monkeypatch.setattr(
        HostContext, "submit_market", lambda ctx, name, side, lots: submit(ctx, name, side, lots + 1)
    )
    with pytest.raises(SnapshotError, match=r"scalper, record \d+: expected Sent .* was Sent"):
        moment.resume()


@pytest.mark.parametrize(
    "change",
    [
        Without("scalper"),
        Slower("scalper", 40_000_000),
        OrderMore("cash", Side.BUY, "0.5", "BTC/USDT:USDT"),
        OrderMore("maker", Side.SELL, "0.5", "SOL/USDT:USDT", "1000"),
    ],
    ids=str,
)
def test_both_futures_conserve_money_and_the_unchanged_one_is_the_match(
    change: Without | Slower | OrderMore,
) -> None:
    played = fork(halfway(), change)
    assert same(played.base, straight())
    assert sum((each.difference for each in played.holders), Decimal(0)) == 0
    assert {each.name for each in played.holders} >= {"scalper", "maker", "cash", "the crowd", "fee account"}
    assert played.other.digest != played.base.digest
    before = played.base.times_ns < played.at_ns
    assert played.other.equity[before].tobytes() == played.base.equity[before].tobytes()
    times, base, changed = played.path(0)
    early = times < played.at_ns
    assert np.array_equal(base[early], changed[early], equal_nan=True)


def test_a_bot_that_left_trades_no_more_and_an_order_more_is_filled() -> None:
    left = fork(halfway(), Without("scalper"))
    fills = left.other.fills
    late = fills[(fills["bot"] == 0) & (fills["ts_ns"] > left.at_ns + SECOND_NS)]
    assert len(late) == 0
    assert len(left.base.fills[left.base.fills["ts_ns"] > left.at_ns + SECOND_NS])
    bought = fork(halfway(), OrderMore("cash", Side.BUY, "0.5", "BTC/USDT:USDT"))
    own = bought.other.fills[bought.other.fills["bot"] == 2]
    assert np.isclose(own["quantity"].sum(), 0.5)
    assert own["ts_ns"].min() >= bought.at_ns
    assert len(bought.base.fills[bought.base.fills["bot"] == 2]) == 0


def test_a_bot_on_a_bad_connection_gets_another_latency_and_hears_everything() -> None:
    faults = AccountFaults(
        up=LinkFaults(drop=0.1, double=0.1, reorder=0.1),
        down=DownFaults(drop=0.1, double=0.1, reorder=0.1, late_share=0.1),
    )
    shaky = spec(msgspec.structs.replace(SCALPER, faults=faults), CASH, duration="12s")
    whole = run_match(shaky)
    moment = Moment.load(Moment.reach(shaky, 5 * SECOND_NS).save())
    played = fork(moment, Slower("scalper", 80_000_000))
    assert same(played.base, whole)
    assert played.other.digest != whole.digest
    assert not played.other.bots[0].disqualified
    assert sum((each.difference for each in played.holders), Decimal(0)) == 0
    match = moment.resume()
    match.change_latency("scalper", AccountLatency(up=SLOW, down=SLOW))
    match.go_on(match.end_ns)
    match.finish()
    host, exchange = match.hosts[0], match.kernel.exchange
    assert isinstance(host.venue, FaultyVenue)
    for name, ledger in host.host.portfolio.positions.items():
        assert ledger.lots == exchange.position("scalper", name).lots
    for link in (host.venue.up, host.venue.down):
        arrivals = [each - match.end_ns for _ in range(20) for each in link.arrivals_ns(match.end_ns)]
        assert min(arrivals) >= SLOW.minimum_ns
    again = moment.resume()
    apply_change(again, Slower("scalper", 80_000_000))
    again.go_on(again.end_ns)
    assert same(again.finish(), played.other)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (Without("nobody"), "bot: expected one of scalper, maker, cash, was 'nobody'"),
        (OrderMore("cash", Side.BUY, "1", "DOGE"), "order: expected one of BTC"),
        (OrderMore("cash", Side.BUY, "0.00000001", "BTC/USDT:USDT"), "expected decimal numbers"),
        (OrderMore("cash", Side.BUY, "much", "BTC/USDT:USDT"), "expected decimal numbers"),
        (OrderMore("cash", Side.BUY, "0", "BTC/USDT:USDT"), "above 0"),
        (OrderMore("cash", Side.BUY, "1", "BTC/USDT:USDT", "-5"), "above 0"),
    ],
)
def test_changes_that_do_not_fit_are_named(change: Without | OrderMore, text: str) -> None:
    with pytest.raises(ForkError, match=text):
        fork(halfway(), change)


def test_changes_are_read_from_text() -> None:
    assert parse_latency("my bot=20ms") == Slower("my bot", 20_000_000)
    assert parse_order("my bot  buy 0.5 BTC/USDT:USDT") == OrderMore(
        "my bot", Side.BUY, "0.5", "BTC/USDT:USDT"
    )
    assert parse_order("a sell 1 X 2.5") == OrderMore("a", Side.SELL, "1", "X", "2.5")
    for text in ("a=fast", "20ms", "a=2h"):
        with pytest.raises(ForkError, match="latency: expected"):
            parse_latency(text)
    for text in ("", "a hold 1 X", "a buy 1", "a buy 1 X 2 3"):
        with pytest.raises(ForkError, match="order: expected"):
            parse_order(text)
