"""A match that was steered is in its journal: what was done, and when."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from actors.match import MatchRun, run_match
from actors.replay import replay_journal
from actors.world.controls import MatchControls
from exchange_sim.journal import Steered
from exchange_sim.journal_reader import read_journal
from exchange_sim.ports import Steering
from exchange_sim.rng import generator
from tests.match.test_match import CASH, MAKER, SCALPER, spec

DEEDS = (
    ("maker", Steering("pause")),
    ("scalper", Steering("pause")),
    ("maker", Steering("set", '{"half_spread":0.002}')),
    ("maker", Steering("resume")),
    ("maker", Steering("set", '{"half_spread":-1}')),
    ("scalper", Steering("resume")),
    ("scalper", Steering("stop")),
    ("cash", Steering("set", '{"instruments":["BTC/USDT:USDT"]}')),
    ("scalper", Steering("resume")),
    ("maker", Steering("set", '{"half_spread":0.00005}')),
)
"""Three are refused: a value out of range, other instruments, and what comes after the end of a bot."""


class Unsteady(MatchControls):
    """Does one thing after another, at windows that a seed picks."""

    def __init__(self, seed: int) -> None:
        super().__init__(spec(SCALPER, MAKER, CASH))
        draws = generator(seed, "steering")
        self.left = list(zip(sorted(draws.integers(0, 400, len(DEEDS))), DEEDS, strict=True))
        self.window = 0

    def pace(self, limit_ns: int) -> None:
        super().pace(limit_ns)
        self.window += 1
        while self.left and self.left[0][0] <= self.window:
            _, (name, steering) = self.left.pop(0)
            self.steer(name, steering)


@pytest.mark.parametrize("seed", range(3))
def test_a_steered_match_replays_from_its_journal(seed: int, tmp_path: Path) -> None:
    path = tmp_path / "match.journal"
    hands = Unsteady(seed)
    played = run_match(spec(SCALPER, MAKER, CASH, duration="20s"), journal_path=path, hands=hands)
    assert hands.left == []
    records = [
        record
        for stream in read_journal(path).streams.values()
        for record in stream
        if isinstance(record, Steered)
    ]
    assert len(records) == len(DEEDS)
    assert len({record.ts_ns for record in records}) > 3
    found = replay_journal(path)
    assert found.differences == ()
    assert found.equal
    assert played.digest != run_match(spec(SCALPER, MAKER, CASH, duration="20s")).digest


def test_a_replay_that_forgets_the_steering_differs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "match.journal"
    run_match(spec(SCALPER, MAKER, CASH, duration="20s"), journal_path=path, hands=Unsteady(0))
    monkeypatch.setattr("actors.replay._steered", lambda *_: ())
    assert not replay_journal(path).equal


def test_what_is_asked_for_is_done(tmp_path: Path) -> None:
    match = spec(SCALPER, MAKER, CASH, duration="20s")
    controls = MatchControls(match)
    run = MatchRun(match, hands=controls)
    controls.begin(run)
    run.begin()
    at = run.simulation.side.now_ns
    scalper, maker, _ = run.hosts

    def go_on(seconds: int) -> None:
        nonlocal at
        at += seconds * 10**9
        run.go_on(at)
        controls.look(0.5)

    def denied() -> int:
        return sum(host.denied for host in run.hosts)

    before = _done_by(go_on, lambda: scalper.submitted)
    assert before > 10
    controls.steer("scalper", Steering("pause"))
    go_on(1)
    assert _done_by(go_on, lambda: scalper.submitted - scalper.denied) == 0
    assert denied() > 0
    assert controls.status().accounts[0].paused
    controls.steer("scalper", Steering("resume"))
    controls.steer("maker", Steering("set", '{"half_spread":0.002}'))
    assert _done_by(go_on, lambda: scalper.submitted - scalper.denied) > 10
    assert maker.host.strategy.config.half_spread == 0.002
    controls.steer("scalper", Steering("stop"))
    go_on(1)
    assert len(scalper.host.tracker.open) == 0
    assert controls.status().accounts[0].stopped
    assert _done_by(go_on, lambda: scalper.submitted) == 0


def _done_by(go_on: Callable[[int], None], count: Callable[[], int]) -> int:
    before = count()
    go_on(3)
    return count() - before
