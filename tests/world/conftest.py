"""A match that stops in the middle of a window until it is let go, and the command line in this process."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cli.conftest import arena

__all__ = ["arena"]

CONTEST = """
name = "gated"
seed = 3

[market]
kind = "synthetic"
instruments = ["BTC/USDT:USDT"]

[match]
duration = "10s"
equity_interval = "1s"
market_interval = "1s"
handler_limit_s = 600.0

[[bots]]
name = "gate"
strategy = "{here}/gates.py:Gate"
config = {{ folder = "{folder}" }}

[[bots]]
name = "scalper"
strategy = "{here}/../match/bots.py:Scalper"

[[bots]]
name = "maker"
strategy = "market_maker"
config = {{ half_spread = 0.00005 }}
"""


class Gated:
    """A contest whose first bot computes in one of its windows until `let_go`.

    Attributes
    ----------
    file
        The contest.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "gated.toml"
        self.file.write_text(CONTEST.format(here=Path(__file__).parent, folder=folder))
        os.mkfifo(folder / "bell")

    def wait(self) -> None:
        """Wait until the bot is in its window."""
        assert (self.folder / "bell").read_text() == "here"

    def let_go(self) -> None:
        (self.folder / "go").touch()

    @property
    def open(self) -> bool:
        """Whether the window is still being computed."""
        return not (self.folder / "gone").exists()


@pytest.fixture
def gated(tmp_path: Path) -> Gated:
    folder = tmp_path / "gate"
    folder.mkdir()
    return Gated(folder)
