"""Which configurations a search tries: ask for some, tell how they did, in the order of the trials.

Same seed and same answers give the same questions, so a search that is resumed asks again for what it has
already tried and finds the answers on disk.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Protocol

from actors.search_config import Dimension, SearchSettings
from exchange_sim.rng import generator

DEFAULT_TRIALS = 32

Params = dict[str, Any]
"""Field of the bot's configuration to its value, in the order of their names."""


class Sampler(Protocol):
    """Proposes configurations."""

    @property
    def trials(self) -> int:
        """How many configurations will be tried."""

    @property
    def learns(self) -> bool:
        """Whether answers change later questions. If not, everything can be asked for at once."""

    def ask(self, count: int) -> list[Params]:
        """Return the next configurations."""

    def tell(self, values: Sequence[float]) -> None:
        """Take the values of the configurations of the last `ask`, in order; NaN for one that failed."""


def make_sampler(settings: SearchSettings, seed: int) -> Sampler:
    """Return the sampler of the settings' method.

    Raises
    ------
    ValueError
        A grid search has a range of fractions without a step.
    """
    trials = settings.trials or DEFAULT_TRIALS
    # by name: the order in which a file lists the fields is no part of the specification
    space = dict(sorted(settings.space.items()))
    if settings.method == "grid":
        return GridSampler(space, settings.trials)
    if settings.method == "random":
        return RandomSampler(space, trials, seed)
    # imported late: a second that the other methods need not wait for
    from actors.optuna_sampler import OptunaSampler  # noqa: PLC0415

    return OptunaSampler(space, trials, seed)


class GridSampler:
    """Every combination of every field's values, the last field fastest; the first `trials` of them.

    Raises
    ------
    ValueError
        A range of fractions has no step.
    """

    learns = False

    def __init__(self, space: Mapping[str, Dimension], trials: int | None = None) -> None:
        self._names = list(space)
        values = [grid_values(name, dimension) for name, dimension in space.items()]
        size = math.prod(len(column) for column in values)
        self.trials = min(trials or size, size)
        self._points: Iterator[tuple[Any, ...]] = itertools.islice(itertools.product(*values), self.trials)

    def ask(self, count: int) -> list[Params]:
        points = itertools.islice(self._points, count)
        return [dict(zip(self._names, point, strict=True)) for point in points]

    def tell(self, values: Sequence[float]) -> None:
        """A grid does not learn."""


class RandomSampler:
    """Independent draws, each keyed by its trial's number and field."""

    learns = False

    def __init__(self, space: Mapping[str, Dimension], trials: int, seed: int) -> None:
        self.trials = trials
        self._space = dict(space)
        self._seed = seed
        self._asked = 0

    def ask(self, count: int) -> list[Params]:
        numbers = range(self._asked, min(self._asked + count, self.trials))
        self._asked = numbers.stop
        return [
            {
                name: draw(dimension, float(generator(self._seed, "search", number, name).random()))
                for name, dimension in self._space.items()
            }
            for number in numbers
        ]

    def tell(self, values: Sequence[float]) -> None:
        """Random draws do not learn."""


def grid_values(name: str, dimension: Dimension) -> list[Any]:
    """Return the values of one field in a grid, lowest first.

    Steps are added in decimal, so that 0.1 and a step of 0.1 give 0.3 and not 0.30000000000000004.

    Raises
    ------
    ValueError
        A range of fractions has no step, or one that is drawn in the logarithm.
    """
    if dimension.choices:
        return list(dimension.choices)
    low, high = dimension.bounds
    if dimension.log and not dimension.is_integer:
        raise ValueError(f"search.space.{name}.log: expected false in a grid, was true")
    step = dimension.step
    if step is None:
        if not dimension.is_integer:
            raise ValueError(f"search.space.{name}.step: expected a step in a grid, was missing")
        step = 1
    first, width = Decimal(str(low)), Decimal(str(step))
    count = int((Decimal(str(high)) - first) / width) + 1
    exact = [first + width * index for index in range(count)]
    return [int(value) for value in exact] if dimension.is_integer else [float(value) for value in exact]


def draw(dimension: Dimension, uniform: float) -> Any:
    """Return the value at `uniform` in [0, 1) of the dimension's distribution."""
    if dimension.choices:
        return dimension.choices[int(uniform * len(dimension.choices))]
    low, high = dimension.bounds
    if dimension.log:
        upper = high + 1 if dimension.is_integer else high
        value = math.exp(math.log(low) + uniform * (math.log(upper) - math.log(low)))
        value = min(max(value, float(low)), float(high))  # the logarithm's rounding may leave the range
        return int(value) if dimension.is_integer else value
    if dimension.is_integer or dimension.step is not None:
        values = grid_values("", dimension)
        return values[int(uniform * len(values))]
    return low + uniform * (high - low)
