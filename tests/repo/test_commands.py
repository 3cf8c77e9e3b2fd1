"""Every command that a document shows is run, and every Python block."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from actors.app import run
from actors.cli.errors import ExitCode

ROOT = Path(__file__).parents[2]
_CONSOLE = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
_PYTHON = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
_SHORTER = {
    "tournament run": ["--rounds", "1", "--workers", "0", "--fresh"],
    "search": ["--trials", "2", "--workers", "0"],
}
"""Options that keep a documented command short without changing what it does."""


def _commands(document: str) -> list[str]:
    blocks = _CONSOLE.findall((ROOT / document).read_text())
    return [
        line.removeprefix("$ ") for block in blocks for line in block.splitlines() if line.startswith("$ ")
    ]


def _run_arena(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Run an `arena` command line, `> FILE` included."""
    target = None
    if ">" in words:
        target = Path(words[words.index(">") + 1])
        words = words[: words.index(">")]
    for start, extra in _SHORTER.items():
        if words[: len(start.split())] == start.split():
            words = [*words, *extra]
    code = run(words)
    captured = capsys.readouterr()
    assert code == ExitCode.DONE, captured.err
    if target is not None:
        target.write_text(captured.out)


@pytest.mark.parametrize("document", ["README.md", "benchmarks/README.md"])
def test_documented_commands_run(
    document: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    commands = _commands(document)
    assert commands
    for command in commands:
        words = shlex.split(command)
        if words[0] == "arena":
            _run_arena(words[1:], capsys)
        else:
            assert words[0] == "make", f"{command}: expected arena or make"
            make = shutil.which("make")
            assert make is not None
            subprocess.run([make, "-n", *words[1:]], cwd=ROOT, check=True, capture_output=True)  # noqa: S603


def test_make_tournament_runs_the_built_in_tournament() -> None:
    make = shutil.which("make")
    assert make is not None
    shown = subprocess.run(  # noqa: S603
        [make, "-n", "tournament"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert "arena tournament run" in shown.stdout


def test_ci_calls_make_test() -> None:
    script = ROOT / ".ci" / "run"
    assert "exec make test" in script.read_text()
    assert script.stat().st_mode & 0o111


@pytest.mark.parametrize(
    ("document", "printed", "written"),
    [("README.md", "OrderFilled", None), ("docs/journal.md", "", "exchange.journal")],
)
def test_documented_python_runs(
    document: str, printed: str, written: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blocks = _PYTHON.findall((ROOT / document).read_text())
    assert blocks
    for block in blocks:
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-c", block],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            cwd=tmp_path,
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        assert printed in done.stdout
    if written is not None:
        _run_arena(["replay", str(tmp_path / written)], capsys)
