"""A sampler that learns: Optuna behind the search's ask and tell."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import optuna

from actors.samplers import Params, grid_values
from actors.search_config import Dimension
from exchange_sim.rng import derive

_STARTUP_TRIALS = 10  # drawn at random before it learns
_SEED_BITS = 32


class OptunaSampler:
    """Optuna's tree-structured Parzen estimator, which treats what is still being played as bad.

    References
    ----------
    J. Bergstra, R. Bardenet, Y. Bengio, B. Kegl (2011), Algorithms for hyper-parameter optimization,
    Advances in Neural Information Processing Systems 24.
    """

    learns = True

    def __init__(self, space: Mapping[str, Dimension], trials: int, seed: int) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.trials = trials
        self._space = dict(space)
        self._asked: list[optuna.Trial] = []
        self._count = 0
        self._study = optuna.create_study(
            direction="maximize",
            sampler=optuna.samplers.TPESampler(
                seed=derive(seed, "optuna") & ((1 << _SEED_BITS) - 1),
                n_startup_trials=_STARTUP_TRIALS,
                constant_liar=True,
            ),
        )

    def ask(self, count: int) -> list[Params]:
        count = min(count, self.trials - self._count)
        self._count += count
        distributions = {name: _distribution(dimension) for name, dimension in self._space.items()}
        self._asked = [self._study.ask(distributions) for _ in range(count)]
        return [
            {name: _chosen(dimension, trial.params[name]) for name, dimension in self._space.items()}
            for trial in self._asked
        ]

    def tell(self, values: Sequence[float]) -> None:
        for trial, value in zip(self._asked, values, strict=True):
            if math.isnan(value):
                self._study.tell(trial, state=optuna.trial.TrialState.FAIL)
            else:
                self._study.tell(trial, value)
        self._asked = []


def _distribution(dimension: Dimension) -> optuna.distributions.BaseDistribution:
    if dimension.choices:
        return optuna.distributions.CategoricalDistribution(range(len(dimension.choices)))
    low, high = dimension.bounds
    if dimension.is_integer:
        # the highest value that the step reaches, or Optuna warns and moves the bound itself
        step = int(dimension.step or 1)
        top = int(low) + (int(high) - int(low)) // step * step
        return optuna.distributions.IntDistribution(int(low), top, log=dimension.log, step=step)
    if dimension.step is not None:
        values = grid_values("", dimension)
        return optuna.distributions.FloatDistribution(values[0], values[-1], step=float(dimension.step))
    return optuna.distributions.FloatDistribution(float(low), float(high), log=dimension.log)


def _chosen(dimension: Dimension, value: Any) -> Any:
    return dimension.choices[value] if dimension.choices else value
