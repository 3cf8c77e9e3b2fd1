"""The command line in this process: its words in, exit code and text out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from actors.app import run

CONTEST = """
name = "tiny"
seed = 5

[market]
kind = "synthetic"
instruments = ["BTC/USDT:USDT"]
history = "5m"

[match]
duration = "1m"

[tournament]
formats = ["melee", "solo"]
rounds = 2

[search]
bot = "luck"
method = "random"
trials = 2
seeds = 2

[search.space]
trade_notional = { low = 500.0, high = 5000.0 }

[[bots]]
name = "luck"
strategy = "random"
config = { mean_gap = "5s" }

[[bots]]
name = "holder"
strategy = "buy_and_hold"

[[bots]]
name = "idle"
strategy = "cash"
"""


class Answer(NamedTuple):
    """What a command left: exit code, stdout, stderr."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


Arena = Callable[..., Answer]


@pytest.fixture
def arena(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Arena:
    """Run commands in an empty folder with a terminal of 80 columns."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")

    def call(*words: str) -> Answer:
        code = run(words)
        captured = capsys.readouterr()
        return Answer(code, captured.out, captured.err)

    return call


@pytest.fixture
def contest(tmp_path: Path) -> Path:
    """A contest whose matches take a moment."""
    path = tmp_path / "tiny.toml"
    path.write_text(CONTEST)
    return path
