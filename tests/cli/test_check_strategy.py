"""`arena check-strategy`: findings, one-line verdict."""

from __future__ import annotations

from pathlib import Path

from actors.cli.errors import ExitCode
from tests.cli.conftest import Arena

OWN_BOT = f"{Path(__file__).parents[2] / 'examples' / 'own_bot.py'}:Breakout"
FORGETFUL = """
from strategies.api import Strategy, StrategyConfig

class Config(StrategyConfig, frozen=True, kw_only=True, forbid_unknown_fields=True): ...

class Broken(Strategy[Config]):
    def subscriptions(self, instruments):
        return ()

    def on_start(self, ctx):
        raise LookupError("no [brackets] in the way")
"""


def test_the_example_passes_every_card(arena: Arena) -> None:
    answer = arena("check-strategy", OWN_BOT, "--config", "period = 5", "--duration", "2m")
    assert answer.code == ExitCode.DONE, answer.err
    assert "S01" in answer.out
    assert "failed" not in answer.out


def test_what_fails_is_named(arena: Arena) -> None:
    Path("own.py").write_text(FORGETFUL)
    answer = arena("check-strategy", "own.py:Broken", "--duration", "1m", "--json")
    assert answer.code == ExitCode.FAILED
    assert len(answer.err.splitlines()) == 1
    assert "no [brackets] in the way" in answer.err
    findings = {finding["card"]: finding for finding in answer.document["findings"]}
    assert not answer.document["ok"]
    assert findings["S01"]["ok"]
    assert not findings["S02"]["ok"]
    assert "no [brackets] in the way" in findings["S02"]["text"]
    assert "[brackets]" in arena("check-strategy", "own.py:Broken", "--duration", "1m").out


def test_wrong_settings_are_one_line(arena: Arena) -> None:
    for words, expected in (
        (["--config", "period = 1"], "period"),
        (["--config", "perod = 10"], "did you mean 'period'"),
        (["--config", "period: 10"], "expected TOML"),
        (["--duration", "10 minutes"], "--duration: expected a duration"),
    ):
        answer = arena("check-strategy", OWN_BOT, *words)
        assert answer.code == ExitCode.INPUT
        assert len(answer.err.splitlines()) == 1
        assert expected in answer.err
