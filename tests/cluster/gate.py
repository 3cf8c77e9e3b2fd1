"""A tournament whose matches start when a test says so, and what it gives without a cluster."""

from __future__ import annotations

import sys
from pathlib import Path

from actors.config_files import load_tournament
from actors.machine_code import compile_once
from actors.run_options import RunOptions
from actors.tournament import read_tournament, run_tournament

ARENA = str(Path(sys.executable).with_name("arena"))

_FILE = """
name = "gated"
seed = 11

[market]
kind = "synthetic"
instruments = ["BTC/USDT:USDT"]
history = "5m"

[match]
duration = "1m"
handler_limit_s = 300.0

[tournament]
formats = ["melee", "solo"]
rounds = {rounds}
journals = true
draws = 100

[[bots]]
name = "gate"
strategy = "tests.cluster.gated_bot:Gated"
config = {{ folder = "{gate}" }}

[[bots]]
name = "luck"
strategy = "random"
config = {{ mean_gap = "5s" }}
"""


class GatedTournament:
    """A contest file in a folder, the gate before its matches, and the folder of runs a test uses."""

    def __init__(self, folder: Path, rounds: int) -> None:
        self.file = folder / "gated.toml"
        self.gate = folder / "gate"
        self.root = folder / "in_process"
        self.gate.mkdir()
        self.file.write_text(_FILE.format(rounds=rounds, gate=self.gate))
        self.matches = 3 * rounds
        self.open()
        played = run_tournament(load_tournament(self.file), RunOptions(root=self.root, in_process=True))
        self.digest_in_process = played.digest
        compile_once(lambda: None)  # has been done now: no process of a test compiles, and waits at the gate

    def command(self, *options: str) -> list[str]:
        """Return the command line that plays it."""
        return [ARENA, "tournament", "run", str(self.file), "--out", str(self.root), *options]

    def waiting(self) -> int:
        """Return how many processes have come to the gate since it was closed."""
        return sum(1 for each in self.gate.iterdir() if each.name.isdigit())

    def open(self) -> None:
        """Let matches through."""
        (self.gate / "open").touch()

    def close(self) -> None:
        """Stop whoever comes, and forget who has."""
        for each in self.gate.iterdir():
            each.unlink()

    def digest(self) -> str:
        """Return the digest of the run as it was played, which is complete."""
        (folder,) = self.root.glob("gated-*")
        result = read_tournament(folder)
        assert result.matches_done == self.matches, result.failures
        return result.digest
