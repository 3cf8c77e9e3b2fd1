"""One order of events, whatever the seating, the windows or who listens."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange_sim.kernel.kernel import Kernel
from exchange_sim.kernel.path import MarketPath
from exchange_sim.kernel.storage import Storage
from exchange_sim.model.enums import CommandKind, EventKind
from tests.kernel.worlds import (
    BTC,
    ETH,
    MINUTE,
    NOBODY,
    RICH,
    SECOND,
    START,
    WHOLE,
    flat,
    limit,
    lively,
    market,
    walk,
)

OUTPUTS = ("order_events", "trades", "quotes", "bars", "snapshots", "samples")


def finished(seed: int = 1, accounts: tuple[str, ...] = (), seconds: int = 60) -> Kernel:
    kernel = Kernel([BTC], walk(seconds), lively(), [(name, RICH) for name in accounts], seed=seed)
    kernel.advance(kernel.path.end_ns, WHOLE)
    return kernel


def test_same_seed_same_market_and_another_seed_another() -> None:
    first, again, other = finished(), finished(), finished(seed=2)
    assert first.market_digest() == again.market_digest()
    assert first.counters == again.counters
    assert first.exchange.state_digest() == again.exchange.state_digest()
    assert first.market_digest() != other.market_digest()


def test_accounts_that_do_nothing_change_nothing() -> None:
    assert finished().market_digest() == finished(accounts=("idle", "idler")).market_digest()


def test_another_process_and_hash_seed_give_the_same_market() -> None:
    script = "from tests.kernel.test_kernel import finished; print(finished().market_digest())"
    environment = {**os.environ, "PYTHONHASHSEED": "12345"}
    result = subprocess.run(  # noqa: S603 - this interpreter on a constant script
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == finished().market_digest()


def busy(kernel: Kernel) -> None:
    """Let two accounts trade a fixed script in a kernel that publishes everything."""
    kernel.listen(
        0, quotes=True, trades=True, bars=(SECOND, 5 * SECOND, MINUTE), snapshots=(SECOND, 7 * SECOND)
    )
    for number in range(30):
        ts_ns = START + (number + 1) * SECOND + (number % 3)
        one = limit(kernel, "one", ts_ns, number % 2, 10**6 - 100 + 7 * number, 5, client=number + 1)
        two = market(kernel, "two", ts_ns, 1 - number % 2, 3, client=number + 1)
        kernel.push(np.concatenate((one, two)))


def run_in_pieces(cuts: list[int], window_ns: int) -> tuple[str, list[bytes], str]:
    kernel = Kernel(
        [BTC], walk(40), lively(), [("one", RICH), ("two", RICH)], seed=3, sample_interval_ns=10 * SECOND
    )
    busy(kernel)
    outputs = [b""] * len(OUTPUTS)
    for until_ns in [*(START + cut for cut in sorted(cuts)), kernel.path.end_ns]:
        while kernel.now_ns < until_ns:
            reached = kernel.advance(until_ns, window_ns)
            assert reached == kernel.now_ns <= until_ns
            outputs = [old + kernel.take_bytes(name) for old, name in zip(outputs, OUTPUTS, strict=True)]
    return kernel.market_digest(), outputs, kernel.exchange.state_digest()


@settings(max_examples=15)
@given(
    st.lists(st.integers(0, 40 * SECOND), max_size=6),
    st.sampled_from([1_000_000, 3_333_333, 50_000_000, SECOND, WHOLE]),
)
def test_how_a_run_is_cut_changes_nothing(cuts: list[int], window_ns: int) -> None:
    assert run_in_pieces(cuts, window_ns) == run_in_pieces([], WHOLE)


def test_small_tables_that_grow_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    large = run_in_pieces([], WHOLE)
    monkeypatch.setattr("exchange_sim.kernel.storage._PENDING_ROWS", 2)
    monkeypatch.setattr("exchange_sim.kernel.storage._OUTPUT_ROWS", 1)
    assert Storage(1).header["free_pendings"] == 2
    assert run_in_pieces([], WHOLE) == large


def test_commands_may_be_pushed_at_any_time_before_they_arrive() -> None:
    early = Kernel([BTC], walk(20), lively(), [("one", RICH)], seed=3)
    late = Kernel([BTC], walk(20), lively(), [("one", RICH)], seed=3)
    orders = [market(early, "one", START + second * SECOND, 0, 20, second) for second in range(1, 15)]
    early.push(np.concatenate(orders))
    early.advance(early.path.end_ns, WHOLE)
    for order in orders:
        late.advance(int(order["ts_ns"][0]), WHOLE)
        late.push(order)
    late.advance(late.path.end_ns, WHOLE)
    assert early.market_digest() == late.market_digest()
    assert early.counters.account_requests == 14


def test_a_run_stops_with_the_window_of_the_first_output() -> None:
    kernel = Kernel([BTC], flat(60), NOBODY, [("one", RICH)], seed=1)
    kernel.push(limit(kernel, "one", START + 2_500, 0, 999_000, 5))
    kernel.push(limit(kernel, "one", START + 9_000, 0, 999_000, 5))
    assert kernel.advance(kernel.path.end_ns, 1_000) == START + 3_000
    assert len(kernel.take_order_events()) == 1
    assert kernel.advance(START + 5_000, 1_000) == START + 5_000
    assert len(kernel.take_order_events()) == 0
    assert kernel.advance(kernel.path.end_ns, 1_000) == START + 10_000


def test_an_unheard_market_runs_through() -> None:
    kernel = Kernel([BTC], walk(20), lively(), [("one", RICH)], seed=1)
    assert kernel.advance(kernel.path.end_ns, 1_000) == kernel.path.end_ns
    assert kernel.counters.trades > 0
    assert all(kernel.take_bytes(name) == b"" for name in OUTPUTS)


def test_equal_times_go_by_account_and_then_by_order_of_sending() -> None:
    names = ("first", "second", "third")
    for pushed in (names, names[::-1]):
        kernel = Kernel([BTC], flat(10), NOBODY, [(name, RICH) for name in names], seed=1)
        for name in pushed:
            kernel.push(
                np.concatenate(
                    [limit(kernel, name, START + 5, 0, 999_000, lots, client=lots) for lots in (7, 3)]
                )
            )
        kernel.advance(kernel.path.end_ns, WHOLE)
        events = kernel.take_order_events()
        accounts = [kernel.account_index(name) for name in names for _ in range(2)]
        assert events["account"].tolist() == accounts
        assert events["quantity_lots"].tolist() == [7, 3] * 3
        assert [order.leaves_lots for order in kernel.exchange.queue("BTC/USDT:USDT")] == [7, 3] * 3


def test_taker_and_maker_see_one_trade_with_one_id() -> None:
    kernel = Kernel([BTC], flat(10), NOBODY, [("maker", RICH), ("taker", RICH)], seed=1)
    kernel.listen(0, trades=True)
    kernel.push(limit(kernel, "maker", START + 1, 1, 1_000_000, 4, client=1))
    kernel.push(limit(kernel, "maker", START + 1, 1, 1_000_010, 4, client=2))
    kernel.push(market(kernel, "taker", START + 2, 0, 6, client=9))
    kernel.advance(kernel.path.end_ns, WHOLE)
    fills = kernel.take_order_events()
    fills = fills[fills["kind"] == EventKind.FILLED]
    trades = kernel.take_trades()
    assert fills["trade_id"].tolist() == np.repeat(trades["trade_id"], 2).tolist()
    assert len(set(trades["trade_id"].tolist())) == 2
    assert trades["price_ticks"].tolist() == [1_000_000, 1_000_010]
    assert trades["quantity_lots"].tolist() == [4, 2]
    assert trades["aggressor"].tolist() == [0, 0]
    taker = kernel.account_index("taker")
    assert fills["account"].tolist() == [taker, taker - 1] * 2


def test_another_instrument_leaves_the_first_one_alone() -> None:
    both = walk(60, prices=(1e6, 250_000.0))
    alone = MarketPath(START, SECOND, both.fundamental_ticks[:1], both.activity[:1])
    kernels = [Kernel([BTC], alone, lively(), seed=5), Kernel([BTC, ETH], both, lively(), seed=5)]
    for kernel in kernels:
        kernel.listen(0, trades=True)
        kernel.advance(kernel.path.end_ns, WHOLE)
    first, second = (kernel.take_trades()[["ts_ns", "price_ticks", "quantity_lots"]] for kernel in kernels)
    assert len(first) > 50
    assert (first == second).all()


def test_bots_do_not_change_when_the_crowd_comes() -> None:
    quiet, noisy = (Kernel([BTC], walk(30), lively(), [("bot", RICH)], seed=5) for _ in range(2))
    noisy.push(np.concatenate([market(noisy, "bot", START + s * SECOND, 0, 500, s) for s in range(1, 25)]))
    for kernel in (quiet, noisy):
        kernel.advance(kernel.path.end_ns, WHOLE)
    assert quiet.market_digest() != noisy.market_digest()
    assert quiet.counters.actions == noisy.counters.actions


def test_every_atom_is_accounted_for() -> None:
    kernel = finished(seconds=120)
    assert kernel.counters.trades > 100
    kernel.exchange.check_conservation()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"instruments": [BTC, ETH]}, "path: expected 2 rows"),
        ({"accounts": [("x", RICH), ("x", RICH)]}, "accounts: expected different names"),
        ({"size_scales": [0.0]}, "size_scales"),
        ({"size_scales": [1.0, 1.0]}, "size_scales"),
        ({"snapshot_depth": 0}, "snapshot_depth"),
        ({"sample_interval_ns": -1}, "sample_interval_ns"),
        ({"size_scales": [1e6]}, "deposits"),
    ],
)
def test_impossible_markets_are_refused(change: dict[str, object], message: str) -> None:
    values: dict[str, object] = {"instruments": [BTC], "accounts": [], **change}
    instruments, accounts = values.pop("instruments"), values.pop("accounts")
    with pytest.raises(ValueError, match=message):
        Kernel(instruments, flat(10), lively(), accounts, seed=1, **values)  # type: ignore[arg-type]


def test_impossible_calls_are_refused() -> None:
    kernel = Kernel([BTC], flat(10), lively(), [("one", RICH)], seed=1)
    with pytest.raises(ValueError, match="intervals"):
        kernel.listen(0, bars=(0,))
    kernel.advance(START + SECOND, WHOLE)
    with pytest.raises(ValueError, match="before the first advance"):
        kernel.listen(0, quotes=True)
    with pytest.raises(ValueError, match="until_ns"):
        kernel.advance(START, WHOLE)
    with pytest.raises(ValueError, match="until_ns"):
        kernel.advance(kernel.path.end_ns + 1, WHOLE)
    with pytest.raises(ValueError, match="window_ns"):
        kernel.advance(START + 2 * SECOND, 0)
    with pytest.raises(ValueError, match=r"commands\[0\]: expected ts_ns"):
        kernel.push(limit(kernel, "one", START, 0, 999_000, 5))
    stranger = limit(kernel, "one", START + 2 * SECOND, 0, 999_000, 5)
    fine = stranger.copy()
    for field, value in (("account", 0), ("account", 10**6), ("kind", CommandKind.DEPOSIT), ("kind", 0)):
        stranger = fine.copy()
        stranger[field] = value
        with pytest.raises(ValueError, match=r"commands\[1\]: .* account"):
            kernel.push(np.concatenate((fine, stranger)))
    kernel.advance(kernel.path.end_ns, WHOLE)
    assert kernel.counters.account_requests == 0
