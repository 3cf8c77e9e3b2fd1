"""What each bot costs or gives the others: matches with it against the same matches without it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from analytics.match_table import MatchRow
from analytics.selection import mean_interval

EVERYONE = ""
"""Stands in the column `other` for the mean over all others."""


def removal_effects(rows: Iterable[MatchRow], *, confidence: float = 0.9) -> pd.DataFrame:
    """Return how much the presence of each bot changes the return of each other bot.

    Uses, of every block, the matches with all bots and those with all but one; other matches are left out.

    Returns
    -------
    DataFrame
        `bot` (whose presence is measured), `other` (whose return changes; `EVERYONE` for the mean of all
        others), `effect` (fraction of the other's start equity, positive where the bot's presence helps it),
        `low`, `high` (Student's interval over blocks, NaN below two), `blocks`; in order of names, empty
        where no bot was ever left out.
    """
    by_match: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    for row in rows:
        by_match[row.block, row.match_id][row.bot] = row.total_return
    bots = sorted({bot for returns in by_match.values() for bot in returns})
    with_all: dict[str, list[dict[str, float]]] = defaultdict(list)
    without: dict[tuple[str, str], list[dict[str, float]]] = defaultdict(list)
    for block, match_id in sorted(by_match):
        returns = by_match[block, match_id]
        missing = [bot for bot in bots if bot not in returns]
        if not missing:
            with_all[block].append(returns)
        elif len(missing) == 1 and len(bots) > 2:
            without[missing[0], block].append(returns)
    table = []
    for bot in bots:
        blocks = [block for (left_out, block) in without if left_out == bot and block in with_all]
        if not blocks:
            continue
        others = [other for other in bots if other != bot]
        effects = np.array(
            [
                [_mean(with_all[block], other) - _mean(without[bot, block], other) for other in others]
                for block in blocks
            ]
        )
        for other, column in [(EVERYONE, effects.mean(axis=1)), *zip(others, effects.T, strict=True)]:
            interval = mean_interval(column, confidence)
            table.append((bot, other, interval.mean, interval.low, interval.high, len(blocks)))
    return pd.DataFrame(table, columns=["bot", "other", "effect", "low", "high", "blocks"])


def _mean(matches: Sequence[dict[str, float]], bot: str) -> float:
    return sum(returns[bot] for returns in matches) / len(matches)
