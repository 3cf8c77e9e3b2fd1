"""The commands of docs/cluster.md that need a cluster: tests run them as they stand there."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

from tests.cluster.host import ROOT

_SHELL = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


def documented(beginning: str, **places: str) -> list[str]:
    """Return the one command of the page that begins so, with what stands for HEAD or FILE put in.

    A word that is put in may be several. `ray` and `arena` are those of this environment.
    """
    page = (ROOT / "docs" / "cluster.md").read_text()
    lines = [line for block in _SHELL.findall(page) for line in block.splitlines()]
    (line,) = [each for each in lines if each.removeprefix("RAY_AUTH_MODE=token ").startswith(beginning)]
    for place, put in places.items():
        assert place in line, f"{line}: expected {place}"
        line = line.replace(place, put)
    own = {name: str(Path(sys.executable).with_name(name)) for name in ("ray", "arena")}
    return ["env", *(own.get(word, word) for word in shlex.split(line, comments=True))]
