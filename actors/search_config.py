"""A parameter search in configuration: which fields vary, how they are drawn, what counts as good."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from actors.match_config import Count
from exchange_sim.markets.duration import Duration


class Dimension(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Values one field may take: a range `low` to `high` (both included), or `choices`.

    Two whole numbers make a range of whole numbers. `step` is the grid of the range; `log` draws evenly in
    the logarithm. A grid search needs a step for a range of fractions.
    """

    low: int | float | None = None
    high: int | float | None = None
    step: int | float | None = None
    log: bool = False
    choices: tuple[Any, ...] = ()

    def __post_init__(self) -> None:
        if self.choices:
            if self.low is not None or self.high is not None or self.step is not None or self.log:
                raise ValueError("choices: expected either choices or low and high, was both")
            return
        for name in ("low", "high"):
            if getattr(self, name) is None:
                raise ValueError(f"{name}: expected a number (or give choices), was missing")
        low, high = self.bounds
        if not low < high:
            raise ValueError(f"high: expected more than low = {low}, was {high}")
        if self.step is not None and not self.step > 0:
            raise ValueError(f"step: expected a positive number, was {self.step}")
        if self.step is not None and self.is_integer and not isinstance(self.step, int):
            raise ValueError(f"step: expected a whole number like low and high, was {self.step}")
        if self.log and low <= 0:
            raise ValueError(f"low: expected a positive number with log = true, was {low}")
        if self.log and self.step is not None:
            raise ValueError(f"step: expected none with log = true, was {self.step}")

    @property
    def bounds(self) -> tuple[int | float, int | float]:
        """Lowest and highest value of a range."""
        if self.low is None or self.high is None:
            raise ValueError("bounds: expected a range, was choices")
        return self.low, self.high

    @property
    def is_integer(self) -> bool:
        return not self.choices and isinstance(self.low, int) and isinstance(self.high, int)


class ObjectiveSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a search maximises.

    Each match gives the searched bot one value of `metric`; `aggregate` joins the values of the seeds; from
    it `drawdown_penalty` times the mean maximum drawdown and `spread_penalty` times the standard deviation
    of the values over the seeds are subtracted.
    """

    metric: Literal["return", "sharpe", "sortino", "calmar"] = "return"
    aggregate: Literal["mean", "median", "min"] = "mean"
    drawdown_penalty: Annotated[float, msgspec.Meta(ge=0.0)] = 0.0
    spread_penalty: Annotated[float, msgspec.Meta(ge=0.0)] = 0.0


class SearchSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the configuration of one bot is searched.

    Parameters
    ----------
    bot
        Name of the bot in `[[bots]]` whose configuration varies; the others are its company in every match.
        May be left out where there is one bot.
    method
        `grid` tries every combination, `random` draws, `optuna` learns (tree-structured Parzen estimator).
    trials
        Configurations to try; a grid tries all of its points if this is left out.
    seeds
        Markets every configuration meets, the same for all.
    start_step
        Moves the market's start by this much from seed to seed, so that they see different days of recorded
        history.
    batch
        Trials asked for at once. Part of the outcome (`optuna` learns between batches), unlike the number
        of workers.
    space
        Field of the bot's configuration (nested ones with dots) to its values.
    """

    bot: str | None = None
    method: Literal["grid", "random", "optuna"] = "optuna"
    trials: Count | None = None
    seeds: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 4
    start_step: Duration | None = None
    batch: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 8
    objective: ObjectiveSpec = ObjectiveSpec()
    space: Annotated[dict[str, Dimension], msgspec.Meta(min_length=1)]
