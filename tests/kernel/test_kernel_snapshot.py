"""A market in motion is saved and goes on as if it had not been."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange_sim.engine.snapshots import SnapshotError
from exchange_sim.kernel.kernel import Kernel
from exchange_sim.kernel.kernel_snapshot import KERNEL_SNAPSHOT_VERSION
from tests.kernel.worlds import BTC, ETH, RICH, SECOND, START, WHOLE, limit, lively, walk

OUTPUTS = ("order_events", "trades", "quotes", "bars", "snapshots", "samples")


def market(seed: int) -> Kernel:
    kernel = Kernel(
        (BTC, ETH), walk(60, prices=(1e6, 3e5), seed=seed), lively(2.0), [("ann", RICH)], seed=seed,
        sample_interval_ns=SECOND,
    )  # fmt: skip
    kernel.listen(0, quotes=True, trades=True, bars=(SECOND,), snapshots=(5 * SECOND,))
    kernel.listen(1, trades=True)
    return kernel


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 50 * SECOND), st.integers(0, 3))
def test_a_restored_market_continues_equally(after_ns: int, seed: int) -> None:
    kernel = market(seed)
    kernel.push(limit(kernel, "ann", START + 30 * SECOND, 0, 999_000, 5, client=1))
    at_ns = START + after_ns
    while kernel.now_ns < at_ns:
        kernel.advance(at_ns, SECOND)
    saved = kernel.snapshot()
    copy = Kernel.restore(saved)
    assert copy.snapshot() == saved
    late = limit(kernel, "ann", START + 55 * SECOND, 1, 1_001_000, 5, client=2)
    for each in (kernel, copy):
        each.push(late)
        each.advance(START + 60 * SECOND, WHOLE)
    for name in OUTPUTS:
        assert copy.take_bytes(name) == kernel.take_bytes(name)
    assert copy.market_digest() == kernel.market_digest()
    assert copy.counters == kernel.counters
    assert copy.snapshot() == kernel.snapshot()
    copy.exchange.check_conservation()


def test_what_is_no_snapshot_of_this_version_is_refused() -> None:
    kernel = market(1)
    saved = kernel.snapshot()
    fields = msgspec.msgpack.decode(saved)
    newer = msgspec.msgpack.encode([KERNEL_SNAPSHOT_VERSION + 1, *fields[1:]])
    with pytest.raises(SnapshotError, match=r"expected a snapshot of version 1 .* was version 2"):
        Kernel.restore(newer)
    for wrong in (b"", b"nonsense", msgspec.msgpack.encode([]), kernel.exchange.snapshot()):
        with pytest.raises(SnapshotError, match="expected a snapshot"):
            Kernel.restore(wrong)
    with pytest.raises(SnapshotError, match="expected a whole snapshot"):
        Kernel.restore(msgspec.msgpack.encode(fields[:5]))
