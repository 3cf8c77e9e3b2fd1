"""Progress where nobody can see a bar."""

from __future__ import annotations

import pytest

from actors.cli.progress import shown, state_text
from actors.progress import Progress


def _progress(
    done: int, *, failed: int = 0, elapsed_s: float = 0.0, left_s: float | None = None, note: str = ""
) -> Progress:
    return Progress(
        total=10,
        done=done,
        failed=failed,
        running=0,
        resumed=0,
        elapsed_s=elapsed_s,
        left_s=left_s,
        note=note,
    )


def test_lines_come_every_ten_seconds_and_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    with shown("cup", quiet=False) as show:
        for second in range(25):
            show(_progress(second // 3, elapsed_s=float(second), left_s=75.0))
        show(_progress(10, elapsed_s=26.0, left_s=0.0))
    assert capsys.readouterr().err.splitlines() == [
        "cup: 0/10 matches after 0:00, 1:15 left",
        "cup: 3/10 matches after 0:10, 1:15 left",
        "cup: 6/10 matches after 0:20, 1:15 left",
        "cup: 10/10 matches after 0:26",
    ]


def test_quiet_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with shown("cup", quiet=True) as show:
        show(_progress(1))
    assert capsys.readouterr() == ("", "")


def test_states_in_words() -> None:
    assert state_text(_progress(0)) == "starting workers"
    assert state_text(_progress(0, note="compiling")) == "compiling"
    assert state_text(_progress(3, failed=2, left_s=61.0)) == "2 failed, 1:01 left"
    assert state_text(_progress(10, left_s=0.0)) == ""
