"""Short words for what a card expects to have heard."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from actors.testing.cards import CardFailedError, expect
from exchange_sim.model.events import OrderEvent

E = TypeVar("E", bound=OrderEvent)


def kinds(events: Sequence[OrderEvent]) -> str:
    """Return the names of the events' types."""
    return ", ".join(type(event).__name__ for event in events) or "nothing"


def expect_kinds(events: Sequence[OrderEvent], *wanted: type) -> None:
    """Fail the card unless the events are of these types, in this order."""
    names = ", ".join(kind.__name__ for kind in wanted)
    expect([type(event) for event in events] == list(wanted), f"expected {names}, was {kinds(events)}")


def last(events: Sequence[OrderEvent], kind: type[E]) -> E:
    """Return the last event, which must be of a kind."""
    if events and isinstance(events[-1], kind):
        return events[-1]
    raise CardFailedError(f"expected {kind.__name__} last, was {kinds(events)}")


def only(events: Sequence[OrderEvent], kind: type[E]) -> E:
    """Return the one event there is, which must be of a kind."""
    expect_kinds(events, kind)
    return last(events, kind)
