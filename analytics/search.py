"""What a search's best trial is worth, once it is remembered how many were tried.

The best of many trials looks good by selection alone. Three views of the same doubt: a test of the winner
that counts all trials, the share of seed splits in which the winner of one half is mediocre in the
other, and the deflated Sharpe ratio.

References
----------
D. H. Bailey, J. M. Borwein, M. Lopez de Prado, Q. J. Zhu (2017), The probability of backtest overfitting,
Journal of Computational Finance 20.
D. H. Bailey, M. Lopez de Prado (2014), The deflated Sharpe ratio, Journal of Portfolio Management 40.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt
from scipy import special

from analytics.returns import ReturnMoments
from analytics.selection import Interval, beats_null, mean_interval

_SPLITS_MAX = 1_000
_EULER = 0.5772156649015329


class SearchVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """The best trial and how far it may be luck. Undefined figures are NaN.

    Parameters
    ----------
    best
        Index of the selected trial.
    score
        Its mean score over the seeds it was chosen by, with interval: too good, for it was chosen by it.
    honest_score
        Mean score of the winner of one half of the seeds on the other half, over many splits: what to
        expect on fresh seeds.
    overfitting
        Share of those splits in which the winner of one half is in the lower half of the trials in the other.
    p_luck
        Probability that the best of as many worthless trials (score symmetric about the baseline) would
        look as good.
    deflated_sharpe
        Probability that the best trial's true Sharpe ratio is above the best expected of as many worthless
        trials.
    """

    best: int
    trials: int
    seeds: int
    score: Interval
    honest_score: float
    overfitting: float
    p_luck: float
    deflated_sharpe: float


def judge_search(
    scores: npt.ArrayLike,
    moments: Sequence[ReturnMoments] = (),
    *,
    seed: int,
    best: int | None = None,
    baseline: float = 0.0,
    confidence: float = 0.9,
) -> SearchVerdict:
    """Return the verdict on the best trial of a search.

    Parameters
    ----------
    scores : float64[trials, seeds]
        Higher is better. A trial with a NaN failed on that seed and cannot be the best.
    moments
        Per trial the pooled moments of its matches, for the deflated Sharpe ratio; or nothing.
    best
        Index of the trial that the search selected; left out: the highest mean score. The splits always
        select by mean score.
    baseline
        Score of doing nothing.

    Notes
    -----
    Trials that a learning search places near its earlier ones resemble each other; the test and the splits
    keep that likeness, the deflated ratio takes the trials as independent and so errs to the doubtful side.

    Raises
    ------
    ValueError
        `scores` is not two-dimensional, no trial is complete, `best` is not a complete trial, or `moments`
        is neither empty nor one per trial.
    """
    table = np.asarray(scores, dtype=np.float64)
    if table.ndim != 2:
        raise ValueError(f"scores: expected two dimensions (trials, seeds), was {table.ndim}")
    if moments and len(moments) != len(table):
        raise ValueError(f"moments: expected {len(table)} entries, was {len(moments)}")
    complete = np.flatnonzero(np.isfinite(table).all(axis=1)) if table.shape[1] else np.array([], dtype=int)
    if not len(complete):
        raise ValueError("scores: expected at least one trial with a score on every seed, was none")
    kept = table[complete]
    if best is not None and best not in complete:
        raise ValueError(f"best: expected the index of a trial with a score on every seed, was {best}")
    winner = int(np.argmax(kept.mean(axis=1))) if best is None else int(np.flatnonzero(complete == best)[0])
    honest, overfitting = _cross_validate(kept, seed)
    tests = beats_null((kept - baseline).T, seed=seed)
    return SearchVerdict(
        best=int(complete[winner]),
        trials=len(table),
        seeds=table.shape[1],
        score=mean_interval(kept[winner], confidence),
        honest_score=honest,
        overfitting=overfitting,
        p_luck=tests[winner].p_value,
        deflated_sharpe=_deflated([moments[k] for k in complete], winner) if moments else math.nan,
    )


def deflated_sharpe(
    sharpe: float,
    *,
    observations: int,
    trials: int,
    trial_variance: float,
    skewness: float = 0.0,
    kurtosis: float = 3.0,
) -> float:
    """Return the probability that a selected strategy's true Sharpe ratio beats the luckiest worthless one.

    `sharpe` and `trial_variance` (variance of the Sharpe ratios over the trials) are per period, not
    annualised. NaN where an argument is, or where the estimate's variance is not positive.
    """
    threshold = expected_maximum(trials) * math.sqrt(trial_variance)
    variance = 1.0 - skewness * sharpe + (kurtosis - 1.0) / 4.0 * sharpe**2
    if not variance > 0 or observations < 2:
        return math.nan
    return float(special.ndtr((sharpe - threshold) * math.sqrt((observations - 1) / variance)))


def expected_maximum(trials: int) -> float:
    """Return the expected largest of `trials` independent standard normal draws (0 for one)."""
    if trials < 2:
        return 0.0
    upper = special.ndtri(1.0 - 1.0 / trials)
    return float((1.0 - _EULER) * upper + _EULER * special.ndtri(1.0 - 1.0 / (trials * math.e)))


def _deflated(moments: Sequence[ReturnMoments], winner: int) -> float:
    ratios = np.array([moment.period_sharpe for moment in moments])
    varied = ratios[~np.isnan(ratios)]
    best = moments[winner]
    if math.isnan(ratios[winner]):
        return math.nan
    return deflated_sharpe(
        float(ratios[winner]),
        observations=best.count,
        trials=len(varied),
        trial_variance=float(varied.var(ddof=1)) if len(varied) > 1 else 0.0,
        skewness=best.skewness,
        kurtosis=best.kurtosis,
    )


def _cross_validate(scores: npt.NDArray[np.float64], seed: int) -> tuple[float, float]:
    """Return the out-of-half score of the in-half winner and how often it falls into the lower half.

    All splits of the seeds into halves (the larger half chooses), or a thousand random ones.
    """
    trials, seeds = scores.shape
    if seeds < 2:
        return math.nan, math.nan
    size = (seeds + 1) // 2
    if math.comb(seeds, size) <= _SPLITS_MAX:
        splits = [list(split) for split in itertools.combinations(range(seeds), size)]
    else:
        rng = np.random.Generator(np.random.PCG64(seed))
        splits = [rng.permutation(seeds)[:size].tolist() for _ in range(_SPLITS_MAX)]
    outcomes, low = [], 0.0
    for split in splits:
        chosen = np.zeros(seeds, dtype=bool)
        chosen[split] = True
        winner = int(np.argmax(scores[:, chosen].mean(axis=1)))
        fresh = scores[:, ~chosen].mean(axis=1)
        outcomes.append(float(fresh[winner]))
        better, equal = (fresh > fresh[winner]).sum(), (fresh == fresh[winner]).sum() - 1
        rank = (better + equal / 2) / max(1, trials - 1)
        low += 1.0 if rank > 0.5 else 0.5 if rank == 0.5 and trials > 1 else 0.0
    return sum(outcomes) / len(outcomes), low / len(splits) if trials > 1 else math.nan
