"""Ray's settings that must be made before `import ray`, because it reads them then and never again.

Import this module before `ray`, for its effect. What the user has set is left alone; so is a process that
has imported Ray already, because settings that only its children see would lock them out.
"""

from __future__ import annotations

import os
import secrets
import sys

_SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # silences a notice about GPUs
    # Ray's workers are the lowest of all processes by default: beside anything else, matches would starve
    "RAY_worker_niceness": "0",
    # a cluster runs any code it is sent and listens on every interface: nobody joins without its token
    "RAY_AUTH_MODE": "token",
}

WORKER_ENVIRONMENT = {
    "NUMBA_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    # a match lives in few large buffers: without this the allocator keeps an arena per helper thread of Ray
    "MALLOC_ARENA_MAX": "2",
}
"""One match is one thread; more of them only take the cores from each other."""

if "ray" not in sys.modules:
    for _name, _value in _SETTINGS.items():
        os.environ.setdefault(_name, _value)


def draw_token() -> None:
    """Give a cluster that is about to start a token that only this process and its children know.

    A cluster at an address is joined with the token of `RAY_AUTH_TOKEN`, `RAY_AUTH_TOKEN_PATH` or
    `~/.ray/auth_token` instead.
    """
    if os.environ.get("RAY_AUTH_MODE") == "token" and "RAY_AUTH_TOKEN_PATH" not in os.environ:
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))


def passed_on() -> dict[str, str]:
    """Return the driver's settings that a worker must share."""
    return {name: os.environ[name] for name in ("ARENA_CACHE_DIR",) if name in os.environ}
