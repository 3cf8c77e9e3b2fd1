"""Help that teaches, and answers at once."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.cli.conftest import Arena

COMMANDS = [
    ["match"],
    ["replay"],
    ["fork"],
    ["tournament"],
    ["tournament", "run"],
    ["tournament", "list"],
    ["tournament", "show"],
    ["tournament", "report"],
    ["search"],
    ["strategies"],
    ["check-strategy"],
    ["bars"],
    ["bars", "check"],
    ["example"],
    ["doctor"],
    ["bench"],
    ["world"],
    ["world", "status"],
    ["world", "pause"],
    ["world", "resume"],
    ["world", "stop"],
    ["world", "set"],
]
HEAVY = ("numpy", "numba", "pandas", "pyarrow", "ray", "plotly", "msgspec", "scipy", "optuna", "sqlite3")


@pytest.mark.parametrize("words", [[], *COMMANDS], ids=" ".join)
def test_every_command_explains_itself_in_80_columns(arena: Arena, words: list[str]) -> None:
    answer = arena(*words, "--help")
    assert answer.code == 0
    assert "Usage" in answer.out
    assert answer.err == ""
    assert all(len(line) <= 80 for line in answer.out.splitlines())


@pytest.mark.parametrize("words", [[], ["tournament"], ["bars"], ["world"]], ids=str)
def test_a_group_without_a_command_prints_its_help(arena: Arena, words: list[str]) -> None:
    answer = arena(*words)
    assert answer.code == 0
    assert "Commands" in answer.out


@pytest.mark.parametrize("words", [["match"], ["tournament", "run"], ["search"]], ids=" ".join)
def test_help_of_the_main_commands_has_examples(arena: Arena, words: list[str]) -> None:
    assert "Examples: arena" in arena(*words, "--help").out


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["tournament", "run", "--help"], ["nonsense"]])
def test_simple_answers_load_nothing_heavy(words: list[str]) -> None:
    program = (
        "import sys; from actors.app import run; run(sys.argv[2:]); "
        "loaded = [name for name in sys.argv[1].split(',') if name in sys.modules]; "
        "sys.exit(f'loaded: {loaded}' if loaded else 0)"
    )
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", program, ",".join(HEAVY), *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_version(arena: Arena) -> None:
    answer = arena("--version")
    assert answer.code == 0
    assert answer.out.startswith("bot-arena 0.")
