"""The way to the dashboard of a cluster that a run has started: its address, and the token that opens it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from actors.storage import storage_errors

TOKEN_FILE: Final = "dashboard_token"  # noqa: S105 - the name of a file


@contextmanager
def opened_dashboard(url: str, folder: Path) -> Iterator[str]:
    """Give the line that says how to reach the dashboard at `url`.

    A token that was drawn for this cluster is known to nobody else: it is put into a file of the run's folder
    that only the user can read, and not on the screen, where it would end up in logs.

    Raises
    ------
    StorageError
        The file cannot be written.
    """
    token = os.environ.get("RAY_AUTH_TOKEN", "")
    if os.environ.get("RAY_AUTH_MODE") != "token":
        yield f"Ray's dashboard: {url}"
    elif not token:
        yield f"Ray's dashboard: {url} (sign in with the cluster's token)"
    else:
        path = folder / TOKEN_FILE
        with storage_errors(path):
            path.unlink(missing_ok=True)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as file:
                file.write(f"{token}\n")
        try:
            yield f"Ray's dashboard: {url} (its token is in {path})"
        finally:
            path.unlink(missing_ok=True)
