"""Keys of random streams, derived from a seed and stable names.

Every stream is named by what it is for and whose it is, never by a position in a list: a new bot, agent
group or instrument has streams of its own and changes nobody else's.
"""

from __future__ import annotations

import hashlib

import numpy as np

_KEY_BITS = 63


def derive(seed: int, *names: str | int) -> int:
    """Return the key, in [0, 2**63), of the stream called `names` in the run with `seed`.

    Names are length-prefixed and typed, so ("ab", "c"), ("a", "bc") and ("1",), (1,) are different
    streams. The value is part of every recorded run: it never changes between versions.
    """
    digest = hashlib.blake2b(digest_size=8, person=b"arena-stream")
    for name in (seed, *names):
        text = str(name).encode()
        kind = b"i" if isinstance(name, int) else b"s"
        digest.update(kind + len(text).to_bytes(4, "little") + text)
    return int.from_bytes(digest.digest(), "little") & ((1 << _KEY_BITS) - 1)


def generator(seed: int, *names: str | int) -> np.random.Generator:
    """Return a numpy generator on the stream called `names`: for Python code outside the compiled loop."""
    return np.random.Generator(np.random.Philox(key=derive(seed, *names)))
