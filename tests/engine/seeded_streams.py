"""One seed, one stream: which venue it runs on, what it is about, and how a failing one is made small."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice

from exchange_sim.engine.accounting import ConservationError
from tests.engine.traffic import PLAIN, Traffic
from tests.engine.twin import DifferenceError, Pair
from tests.engine.venues import VENUES, VenueTerms
from tests.reference.exchange import Command

MOODS: tuple[dict[str, int], ...] = (
    {},
    {"trigger": 3, "bracket": 3, "linked": 3, "limit": 2},
    {"sweep": 6, "margin": 3, "mark": 3, "index": 3, "cancel": 0, "limit": 2},
    {"iceberg": 5, "reducing": 5, "taker": 2},
    PLAIN,
)
"""What streams are about: everything, triggers, liquidations, icebergs and reduce-only, plain orders."""

STATE_EVERY, TABLES_EVERY = 61, 997
"""Commands between comparisons of the whole state, and between checks of the engine's tables."""

_FAILURES = (AssertionError, ArithmeticError, LookupError, ValueError, ConservationError)
"""How a defect of engine or twin shows."""

PairMaker = Callable[[VenueTerms], Pair]


def pair_for(terms: VenueTerms) -> Pair:
    return Pair(len(terms.deposits), terms.instruments, terms.rules)


def named(seed: int) -> tuple[str, dict[str, int]]:
    """Return venue and mood of a seed's stream."""
    venues = list(VENUES)
    return venues[seed % len(venues)], MOODS[seed // len(venues) % len(MOODS)]


class StreamError(Exception):
    """A stream failed at its last command."""

    def __init__(self, seed: int, commands: list[Command], difference: Exception) -> None:
        super().__init__(f"seed {seed}, command {len(commands)}: {difference}")
        self.seed, self.commands, self.difference = seed, commands, difference


def run_stream(
    seed: int, count: int, make: PairMaker = pair_for, progress: Callable[[int], None] | None = None
) -> Pair:
    """Run the first `count` commands of a seed's stream on engine and twin.

    Raises
    ------
    StreamError
        They differ, or one of them fails.
    """
    venue, mood = named(seed)
    terms = VENUES[venue]
    pair = make(terms)
    traffic = Traffic(pair.twin, terms, seed, mood)
    given: list[Command] = []
    try:
        for command in islice(chain(traffic.opening(), traffic), count):
            given.append(command)
            step(pair, command, len(given))
            if progress is not None and len(given) % 1_000 == 0:
                progress(1_000)
        pair.compare_state()
    except _FAILURES as error:
        raise StreamError(seed, given, error) from error
    return pair


def step(pair: Pair, command: Command, number: int) -> None:
    pair.apply(command)
    if number % STATE_EVERY == 0:
        pair.compare_state()
    if number % TABLES_EVERY == 0:
        pair.check_tables()


def fails(terms: VenueTerms, commands: Sequence[Command], make: PairMaker = pair_for) -> Exception | None:
    """Return how these commands fail on a new pair; None if they do not."""
    pair = make(terms)
    try:
        for number, command in enumerate(commands, 1):
            step(pair, command, number)
        pair.compare_state()
    except _FAILURES as error:
        return error
    return None


def shrink(
    terms: VenueTerms, commands: Sequence[Command], make: PairMaker = pair_for, budget: int = 100_000
) -> list[Command]:
    """Return fewer of the commands that still fail, by leaving out ever smaller pieces.

    `budget` is how many commands all tries together may have.
    """
    kept = list(commands)
    size = len(kept) // 2
    while size:
        for fewer in _without_pieces(kept, size):
            budget -= len(fewer)
            if budget < 0:
                return kept
            if fails(terms, fewer, make) is not None:
                kept = fewer
                break
        else:
            size //= 2
        size = min(size, len(kept) // 2)
    return kept


def _without_pieces(commands: list[Command], size: int) -> Iterator[list[Command]]:
    for first in range(0, len(commands) - size + 1, size):
        yield commands[:first] + commands[first + size :]


def show(command: Command) -> str:
    """Return a command as the code that makes it, without fields that are 0."""
    values = zip(Command._fields, command, strict=True)
    return f"Command({', '.join(f'{name}={int(value)}' for name, value in values if value)})"


def describe(difference: Exception) -> list[str]:
    """Return lines that say what was expected and what was."""
    if not isinstance(difference, DifferenceError):
        return [f"{type(difference).__name__}: {difference}"]
    lines = [f"{difference.what} differ", f"  command   {show(difference.command)}"]
    expected, was = difference.expected, difference.was
    if isinstance(expected, list) and isinstance(was, list):
        same = 0
        while same < min(len(expected), len(was)) and expected[same] == was[same]:
            same += 1
        lines.append(f"  equal     the first {same}")
        expected, was = expected[same : same + 3], was[same : same + 3]
    return [*lines, f"  expected  {expected}", f"  was       {was}"]
