"""A match that never ends."""

from __future__ import annotations

import sys
import threading
from typing import Any, NoReturn


def run_match(*_: object, **__: Any) -> NoReturn:
    """Say that it has begun, and stay."""
    sys.stdout.write("up\n")
    sys.stdout.flush()
    while True:
        threading.Event().wait(1.0)
