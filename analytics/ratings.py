"""How strong each bot is, from the order in which bots finish.

The Plackett-Luce model gives every bot a positive strength; a finishing order is drawn by choosing the
winner with probability proportional to strength, then the second among the rest, and so on.

The model is fitted as a whole (posterior mode by Hunter's minorise-maximise iteration) and not played
through match by match as openskill's filter does, for two measured reasons. The result does not depend
on the order of the matches. And a pass of openskill over 200 matches of 7 bots takes 18 ms, so 1,000
resampled tournaments would take 18 s; here the log likelihood depends on the data only through how often
each *set* of contenders was chosen from, so all resamples are fitted together by two small matrix products
an iteration: 0.1 s for the same work on the same core.

References
----------
R. L. Plackett (1975), The analysis of permutations, Applied Statistics 24.
D. R. Hunter (2004), MM algorithms for generalized Bradley-Terry models, Annals of Statistics 32.
D. B. Rubin (1981), The Bayesian bootstrap, Annals of Statistics 9.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence

import msgspec
import numpy as np
import numpy.typing as npt
from scipy import special

from analytics.grouping import groups_of

RATING_MEAN = 1500.0
"""Rating of an average bot of the field."""

RATING_SCALE = 400.0 / math.log(10.0)
"""Rating points per unit of log strength: 400 points are odds of ten to one to finish ahead (Elo's scale)."""

_PRIOR_GAMES = 0.5  # of wins and of losses against an average opponent: keeps an unbeaten bot's rating finite
_TOLERANCE = 1e-7  # of log strength, far below a displayed rating point
_ITERATIONS_MAX = 5_000


class Rating(msgspec.Struct, frozen=True, kw_only=True):
    """A bot's rating with its interval; NaN bounds where there were fewer than two blocks.

    `best` is the probability of being the strongest bot of the field (NaN as the bounds).
    """

    bot: str
    rating: float
    low: float
    high: float
    best: float


def rate(
    scores: npt.ArrayLike,
    bots: Sequence[str],
    blocks: Sequence[Hashable],
    *,
    seed: int,
    confidence: float = 0.9,
    draws: int = 1_000,
) -> list[Rating]:
    """Return the ratings of all bots, in the order of `bots`.

    Parameters
    ----------
    scores : float64[contests, bots]
        Higher finishes ahead, equal scores tie, NaN did not take part.
    blocks
        One label per contest. Contests of one block share their market's randomness, so they are
        resampled together.
    seed
        Of the resampling.
    confidence
        Of the interval `[low, high]`.
    draws
        Resampled tournaments. A thousand leave the bounds with an error of about a twentieth of the
        interval's half-width.

    Notes
    -----
    Resampling is the Bayesian bootstrap over blocks: every draw weighs the blocks by a flat Dirichlet
    vector, so no draw loses a block altogether and a bot's rating exists in every draw. The spread of such
    draws is too small for n blocks by the known factors sqrt((n + 1) / (n - 1)) and Student's t to normal
    quantile; they are widened by both. Every draw also draws its prior games (exponential, of the same mean):
    reweighting alone would give rounds that all ended alike no spread whatever, and so certainty after four
    of them. Simulated tournaments of 7 bots (150 for each number of blocks): intervals stated as 90 % held
    the true rating in 87, 88, 91, 92 and 90 % of cases with 3, 5, 10, 20 and 40 blocks. Above a thousand
    blocks neighbours are taken together (`analytics.grouping`); the ratings themselves stay exact.

    Ties are treated as if each of the tied bots had beaten the others of the group once (Breslow).

    Raises
    ------
    ValueError
        Shapes do not fit, a score is infinite, or `confidence` or `draws` are out of range.
    """
    table = np.asarray(scores, dtype=np.float64)
    if table.shape != (len(blocks), len(bots)):
        raise ValueError(
            f"scores: expected the shape {(len(blocks), len(bots))} (contests, bots), was {table.shape}"
        )
    if np.isinf(table).any():
        raise ValueError("scores: expected finite values or NaN, was infinite")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence: expected between 0 and 1, was {confidence}")
    if draws < 100:
        raise ValueError(f"draws: expected at least 100, was {draws}")
    if not bots:
        return []

    labels = {label: index for index, label in enumerate(dict.fromkeys(blocks))}
    block_of = np.array([labels[block] for block in blocks], np.int64)
    groups = groups_of(len(labels))
    n = int(groups.max(initial=-1)) + 1
    wins, sets, chosen = _sufficient(table, groups[block_of], n)
    point = _fit(wins.sum(axis=0)[None], chosen.sum(axis=0)[None], sets)[0]
    rating = RATING_MEAN + RATING_SCALE * point
    if n < 2:
        return [
            Rating(bot=bot, rating=float(rating[i]), low=math.nan, high=math.nan, best=math.nan)
            for i, bot in enumerate(bots)
        ]

    rng = np.random.Generator(np.random.PCG64(seed))
    exponential = rng.exponential(size=(draws, n))
    weights = exponential / exponential.mean(axis=1, keepdims=True)
    tail = (1.0 + confidence) / 2.0
    widen = math.sqrt((n + 1) / (n - 1)) * float(special.stdtrit(n - 1, tail) / special.ndtri(tail))
    prior = rng.exponential(_PRIOR_GAMES, size=(2, draws, len(bots)))
    spread = point + widen * (_fit(weights @ wins, weights @ chosen, sets, prior) - point)
    low, high = np.quantile(spread, [1.0 - tail, tail], axis=0)
    low, high = np.minimum(low, point), np.maximum(high, point)  # draws of an unbeaten bot are skewed
    leader = spread >= spread.max(axis=1, keepdims=True)
    best = (leader / leader.sum(axis=1, keepdims=True)).mean(axis=0)
    return [
        Rating(
            bot=bot,
            rating=float(rating[i]),
            low=float(RATING_MEAN + RATING_SCALE * low[i]),
            high=float(RATING_MEAN + RATING_SCALE * high[i]),
            best=float(best[i]),
        )
        for i, bot in enumerate(bots)
    ]


def _sufficient(
    scores: npt.NDArray[np.float64], group: npt.NDArray[np.int64], groups: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return wins[groups, bots], the distinct sets[sets, bots] chosen from, and chosen[groups, sets].

    A contest of m bots is m - 1 choices: of the winner among all, of the second among the rest, and so on.
    `group` says what the contests are summed into.
    """
    bots = scores.shape[1]
    present = ~np.isnan(scores)
    wins = np.zeros((groups, bots))
    found = []  # per bot the choices it won: contest, size of the set, bots that tied, the set itself
    for bot in range(bots):
        own = scores[:, [bot]]
        tied = scores == own
        among = present & (scores <= own)
        size = among.sum(axis=1)
        won = present[:, bot] & (size >= 2)
        wins[:, bot] = np.bincount(group[won], minlength=groups)
        counted = np.flatnonzero(
            won & ~tied[:, :bot].any(axis=1)
        )  # of bots that tie the first stands for all
        found.append((counted, size[counted], tied[counted].sum(axis=1), among[counted]))
    contest, size, times, members = (np.concatenate(parts) for parts in zip(*found, strict=True))
    order = np.lexsort((-size, contest))
    index, sets = _distinct(members[order])
    chosen = np.zeros((groups, len(sets)))
    np.add.at(chosen, (group[contest[order]], index), times[order])
    return wins, sets.astype(np.float64), chosen


def _distinct(rows: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Return the index of every row into the distinct rows, and those in order of first appearance."""
    packed = np.packbits(rows, axis=1)
    words = -(-packed.shape[1] // 8)
    codes = np.pad(packed, ((0, 0), (0, 8 * words - packed.shape[1]))).view(np.uint64)
    _, first, inverse = np.unique(
        codes[:, 0] if words == 1 else codes, axis=0, return_index=True, return_inverse=True
    )
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse.reshape(-1)], rows[np.sort(first)]


def _fit(
    wins: npt.NDArray[np.float64],
    chosen: npt.NDArray[np.float64],
    sets: npt.NDArray[np.float64],
    prior: npt.NDArray[np.float64] | None = None,
) -> npt.NDArray[np.float64]:
    """Return log strengths[draws, bots] with mean zero over bots, for all draws at once.

    Hunter's iteration `strength = wins / sum over choices of 1 / (sum of the set's strengths)`, where each
    bot has also won `prior[0, draws, bots]` and lost `prior[1, draws, bots]` games (half a game each where
    left out) against an opponent of strength one. Orders say nothing of the field's common level, which
    only that weak prior pulls on; it is solved for at each step, for the bare iteration would need
    thousands of steps to find it.
    """
    draws, bots = wins.shape
    won, lost = np.full((2, draws, bots), _PRIOR_GAMES) if prior is None else prior
    log_strength = np.zeros((draws, bots))
    active = np.arange(draws)
    for _ in range(_ITERATIONS_MAX):
        current = log_strength[active]
        strength = np.exp(current)
        rivals = (chosen[active] / (strength @ sets.T)) @ sets
        against = (won[active] + lost[active]) / (strength + 1.0)
        updated = _level(np.log((wins[active] + won[active]) / (rivals + against)), won[active], lost[active])
        log_strength[active] = updated
        active = active[np.abs(updated - current).max(axis=1) > _TOLERANCE]
        if not len(active):
            break
    centred: npt.NDArray[np.float64] = log_strength - log_strength.mean(axis=1, keepdims=True)
    return centred


def _level(
    log_strength: npt.NDArray[np.float64], won: npt.NDArray[np.float64], lost: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Shift each row to where games against the opponent of strength one are won as often as they were."""
    games, total = won + lost, won.sum(axis=1, keepdims=True)
    shift = np.log(total / lost.sum(axis=1, keepdims=True)) - log_strength.mean(axis=1, keepdims=True)
    for _ in range(3):  # Newton from a good start; what is left is mended in the next iteration
        chance = 1.0 / (1.0 + np.exp(-(log_strength + shift)))
        slope = (games * chance * (1.0 - chance)).sum(axis=1, keepdims=True)
        shift -= np.clip(((games * chance).sum(axis=1, keepdims=True) - total) / slope, -1.0, 1.0)
    levelled: npt.NDArray[np.float64] = log_strength + shift
    return levelled
