"""Many blocks taken together, so that resampling costs the same for a hundred thousand as for a thousand.

Blocks are independent and alike, and so are sums over equally many of them: resampling a thousand sums
estimates the same spread, with a relative error of a few per cent whatever the number of blocks.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

GROUPS_MAX: Final = 1_000
"""Up to so many blocks each is its own group, and nothing is approximated."""


def groups_of(blocks: int) -> npt.NDArray[np.int64]:
    """Return the group of every block: runs of neighbours whose lengths differ by one at most."""
    groups = min(blocks, GROUPS_MAX)
    return np.arange(blocks, dtype=np.int64) * groups // max(1, blocks)
