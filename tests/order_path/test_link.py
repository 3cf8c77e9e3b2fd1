"""Messages take their time and never overtake each other."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange_sim.latency import (
    AccountLatency,
    ConstantLatency,
    LatencySpec,
    LognormalLatency,
    RecordedLatency,
)
from exchange_sim.link import Link

US = 1_000
SPECS: list[LatencySpec] = [
    ConstantLatency(delay_us=7),
    LognormalLatency(minimum_us=50, jitter_us=20, sigma=1.0, maximum_us=500),
    RecordedLatency(samples_us=(5, 9, 70)),
]


@pytest.mark.parametrize("spec", SPECS)
@given(st.lists(st.integers(0, 300_000), min_size=1, max_size=400))
@settings(deadline=None)
def test_arrivals_keep_order_and_minimum(spec: LatencySpec, gaps: list[int]) -> None:
    link = Link(spec, 1, "a", "up")
    sent, before = 0, 0
    for gap in gaps:
        sent += gap
        arrival = link.arrival_ns(sent)
        assert arrival >= max(before, sent + spec.minimum_ns)
        before = arrival


@pytest.mark.parametrize("spec", SPECS[1:])
def test_streams_are_keyed_by_seed_account_and_direction(spec: LatencySpec) -> None:
    def delays(seed: int, account: str, direction: str) -> list[int]:
        link = Link(spec, seed, account, direction)
        return [link.arrival_ns(n * 10**9) - n * 10**9 for n in range(600)]

    first = delays(1, "a", "up")
    assert first == delays(1, "a", "up")
    assert all(first != delays(*key) for key in [(2, "a", "up"), (1, "b", "up"), (1, "a", "down")])


def test_lognormal_has_the_stated_median_and_bounds() -> None:
    spec = LognormalLatency(minimum_us=50, jitter_us=20, sigma=1.0, maximum_us=500)
    link = Link(spec, 1, "a", "up")
    delays = sorted(link.arrival_ns(n * 10**9) - n * 10**9 for n in range(4_000))
    assert delays[0] > 50 * US
    assert delays[-1] <= 500 * US
    assert 68 * US < delays[2_000] < 72 * US


def test_recorded_samples_are_drawn_evenly() -> None:
    link = Link(RecordedLatency(samples_us=(5, 9, 70)), 1, "a", "up")
    delays = [link.arrival_ns(n * 10**9) - n * 10**9 for n in range(3_000)]
    assert set(delays) == {5 * US, 9 * US, 70 * US}
    assert all(900 < delays.count(each) < 1_100 for each in set(delays))


def test_draws_are_pinned() -> None:
    """The values are part of every recorded run."""
    link = Link(LognormalLatency(), 1, "a", "up")
    assert [link.arrival_ns(n * 10**9) - n * 10**9 for n in range(3)] == [6_635_821, 6_741_991, 6_650_745]


def test_configuration_round_trip_and_bounds() -> None:
    latency = AccountLatency(up=LognormalLatency(minimum_us=7), down=RecordedLatency(samples_us=(3, 2)))
    assert msgspec.json.decode(msgspec.json.encode(latency), type=AccountLatency) == latency
    assert latency.minimum_ns == 2 * US
    with pytest.raises(ValueError, match="maximum_us: expected minimum_us"):
        LognormalLatency(minimum_us=7, maximum_us=6)
    with pytest.raises(msgspec.ValidationError, match="Expected `int` >= 1"):
        msgspec.convert({"kind": "constant", "delay_us": 0}, LatencySpec)
