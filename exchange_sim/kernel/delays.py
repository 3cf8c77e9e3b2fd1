"""Blocks of draws for the latencies of accounts' messages."""

from __future__ import annotations

import numpy as np

from exchange_sim.compiled import compiled
from exchange_sim.kernel.draws import below, lognormal


@compiled
def draw_lognormal(block: np.ndarray, key: int, first: int, median: float, sigma: float) -> None:
    """Fill `block` with the stream's lognormal draws number `first` and following."""
    for i in range(block.size):
        block[i] = lognormal(key, first + i, median, sigma)


@compiled
def draw_indexes(block: np.ndarray, key: int, first: int, bound: int) -> None:
    """Fill `block` with the stream's integers in [0, bound), number `first` and following."""
    for i in range(block.size):
        block[i] = below(key, first + i, bound)
