"""Numbered acceptance cards: run them all, then say which failed and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

S = TypeVar("S")


class CardFailedError(AssertionError):
    """What a card expects is not so; the text says what was expected and what was."""


class CheckError(AssertionError):
    """One card or more failed; the text names each with its reason, one line a card."""


@dataclass(frozen=True, slots=True)
class Card(Generic[S]):
    """One thing that is expected. `check` gets the subject and raises `CardFailedError`.

    `number` is stable: reports and documents refer to it.
    """

    number: str
    title: str
    check: Callable[[S], None]


def expect(met: object, text: str) -> None:
    """Fail the card with `text` unless `met`."""
    if not met:
        raise CardFailedError(text)


def run_cards(subject: str, cards: Sequence[Card[S]], make: Callable[[], S]) -> tuple[str, ...]:
    """Check all cards, each on a subject of its own, and return the numbers and titles of those that passed.

    Raises
    ------
    CheckError
        Any of them failed.
    """
    failed, passed = [], []
    for card in cards:
        try:
            card.check(make())
        except CardFailedError as error:
            failed.append(f"{card.number} {card.title}: {error}")
        except Exception as error:  # noqa: BLE001 - a subject may raise anything; the report names it
            failed.append(f"{card.number} {card.title}: {type(error).__name__}: {error}")
        else:
            passed.append(f"{card.number} {card.title}")
    if failed:
        count = f"{len(failed)} of {len(cards)} cards failed"
        raise CheckError("\n  ".join((f"{subject}: {count}", *failed)))
    return tuple(passed)
