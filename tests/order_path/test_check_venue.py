"""The acceptance suite passes a good venue and finds what is wrong with bad ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from actors.testing.cards import CheckError
from actors.testing.check_venue import CARDS, check_venue
from actors.testing.simulated_bench import SimulatedBench
from actors.venues.simulated import SimulatedVenue
from exchange_sim.faults import AccountFaults, DownFaults
from exchange_sim.latency import AccountLatency, ConstantLatency, LognormalLatency
from exchange_sim.model.events import OrderCanceled, OrderFilled

SLOW = AccountLatency(
    up=LognormalLatency(minimum_us=20_000, jitter_us=5_000, maximum_us=40_000),
    down=ConstantLatency(delay_us=30_000),
)


NOISY = AccountFaults(down=DownFaults(double=0.9, reorder=0.9, held_us=20_000), patience_us=1_000)


@pytest.mark.parametrize(
    "make",
    [
        SimulatedBench,
        lambda: SimulatedBench(latency=SLOW),
        lambda: SimulatedBench(queries=False),
        lambda: SimulatedBench(faults=NOISY),
    ],
)
def test_the_simulated_venue_passes(make: Callable[[], SimulatedBench]) -> None:
    assert len(check_venue("simulated", make)) == len(CARDS)


def broken(change: Callable[[Any], None]) -> Callable[[], SimulatedBench]:
    def make() -> SimulatedBench:
        bench = SimulatedBench()
        change(bench.venue)
        return bench

    return make


def losing(kind: type) -> Callable[[SimulatedVenue], None]:
    def change(venue: Any) -> None:
        events = venue.events
        venue.events = lambda until: [event for event in events(until) if not isinstance(event, kind)]

    return change


def doubling(venue: Any) -> None:
    events = venue.events

    def twice(until_ns: int) -> Sequence[Any]:
        return [event for event in events(until_ns) for _ in range(2)]

    venue.events = twice


def forgetful(venue: Any) -> None:
    venue.query = lambda _: None


def open_door(venue: Any) -> None:
    venue.close = lambda: None
    venue.connect()


@pytest.mark.parametrize(
    ("change", "cards"),
    [
        (losing(OrderCanceled), ["V05", "V06", "V10"]),
        (losing(OrderFilled), ["V04", "V13"]),
        (doubling, ["V03", "V04", "V05"]),
        (forgetful, ["V14"]),
        (open_door, ["V02"]),
    ],
)
def test_a_broken_venue_is_found(change: Any, cards: list[str]) -> None:
    with pytest.raises(CheckError) as caught:
        check_venue("broken", broken(change))
    lines = str(caught.value).splitlines()
    assert lines[0].startswith("broken: ")
    failed = [line.split()[0] for line in lines[1:]]
    assert [card for card in cards if card in failed] == cards
