"""`arena match --realtime` on the command line."""

from __future__ import annotations

import io
import os
import re
import signal
import threading
from pathlib import Path

import pytest

from actors.cli.errors import ExitCode
from actors.cli.realtime import LiveLine
from actors.realtime.client import MarketClient
from actors.realtime.pacer import PaceReport, Spread
from actors.realtime.run import RealtimeStatus
from tests.cli.conftest import CONTEST, Arena

OUTSIDE = CONTEST.replace('strategy = "cash"', 'strategy = "outside"')


def test_a_realtime_match_has_the_digest_of_the_match_and_says_how_it_kept_to_the_clock(
    arena: Arena, contest: Path
) -> None:
    plain = arena("match", str(contest), "--json").document
    timed = arena("match", str(contest), "--realtime", "1000", "--json").document
    assert timed["digest"] == plain["digest"]
    assert timed["market_digest"] == plain["market_digest"]
    assert "realtime" not in plain
    found = timed["realtime"]
    assert found["complete"]
    assert found["outside"] == []
    assert found["pace"]["speed"] == 1000.0
    assert found["pace"]["slices"] == 12  # a minute in slices of 5 s
    assert 0 < found["pace"]["lag"]["p50"] <= found["pace"]["lag"]["p99"] <= found["pace"]["lag"]["max"]
    answer = arena("match", str(contest), "--realtime", "1000")
    assert answer.code == ExitCode.DONE
    assert re.search(r"^Realtime: x\S+ of x1000 in slices of 5 ms$", answer.out, re.MULTILINE)
    assert re.search(r"^Lag p50 .* ms, p99 .* ms, max .* ms$", answer.out, re.MULTILINE)
    assert answer.err.startswith("tiny x1000: 0:00 of 1:00, lag")


def test_ctrl_c_ends_a_market_with_its_report_and_a_whole_journal(
    arena: Arena, contest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARENA_KEY_IDLE", "a key of 16 bytes and more")
    contest.write_text(OUTSIDE.replace('duration = "1m"', 'duration = "12h"'))
    told = threading.Event()
    port = 0

    class Err(io.StringIO):
        def write(self, text: str) -> int:
            nonlocal port
            found = re.search(r"join at 127\.0\.0\.1:(\d+)", text)
            if found:
                port = int(found[1])
                told.set()
            return super().write(text)

    def interrupt() -> None:
        told.wait()
        with MarketClient.join(port, "idle", "a key of 16 bytes and more") as client:
            client.ping()
            os.kill(os.getpid(), signal.SIGINT)
            for _ in client.messages():
                pass

    before = signal.getsignal(signal.SIGINT)
    program = threading.Thread(target=interrupt, daemon=True)
    program.start()
    with monkeypatch.context() as patch:
        patch.setattr("sys.stderr", Err())
        answer = arena("match", str(contest), "--realtime", "100", "--port", "0", "--json")
    program.join(60.0)
    assert answer.code == ExitCode.DONE
    document = answer.document
    assert not document["realtime"]["complete"]
    assert document["realtime"]["outside"][0]["joined"] == 1
    assert Path(document["report"]).is_file()
    assert signal.getsignal(signal.SIGINT) is before
    assert arena("replay", document["journal"]).out.endswith("Everything is as it was.\n")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--realtime", "0.05"], "--realtime: expected a speed from 0.1 to 1000, was 0.05"),
        (["--realtime", "nan"], "--realtime: expected a speed from 0.1 to 1000, was nan"),
        (["--realtime", "x10"], "--realtime"),
        (
            ["--realtime", "1", "--placement", "shards=2"],
            "--realtime: expected placement process, was shards=2",
        ),
        (["--port", "7411"], "--port: expected with --realtime only, was 7411"),
        ([], "bots[2].strategy: expected a strategy, was 'outside'"),
    ],
    ids=" ".join,
)
def test_wrong_words_are_one_line(arena: Arena, contest: Path, words: list[str], expected: str) -> None:
    contest.write_text(OUTSIDE)
    answer = arena("match", str(contest), *words)
    assert answer.code == ExitCode.INPUT
    assert len(answer.err.splitlines()) == 1
    assert expected in answer.err


@pytest.mark.parametrize("command", [("tournament", "run"), ("search",)], ids=" ".join)
def test_accounts_of_others_are_for_realtime_only(
    arena: Arena, contest: Path, command: tuple[str, ...]
) -> None:
    contest.write_text(OUTSIDE)
    answer = arena(*command, str(contest))
    assert answer.code == ExitCode.INPUT
    assert "such accounts need arena match --realtime SPEED" in answer.err


def test_a_live_line_changes_and_what_matters_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    spread = Spread(p50=0.5, p99=1.0, max=2.0)

    def status(passed_s: int, *, keeps_up: bool) -> RealtimeStatus:
        pace = PaceReport(
            speed=100.0,
            reached=40.0,
            slices=7,
            slice_ms=5.0,
            lag=spread,
            jitter=spread,
            keeps_up=keeps_up,
            behind=1,
            attainable=40.0,
        )
        return RealtimeStatus(
            passed_ns=passed_s * 10**9, duration_ns=3_600 * 10**9, connected=2, lag_ms=1.5, pace=pace
        )

    monkeypatch.setenv("COLUMNS", "60")
    terminal, log = io.StringIO(), io.StringIO()
    for file in (terminal, log):
        line = LiveLine("demo", file, live=file is terminal)
        line.show(status(0, keeps_up=True))
        line.show(status(500, keeps_up=True))
        line.show(status(510, keeps_up=False))
        line.show(status(1_510, keeps_up=True))
        line.clear()
    moment = "demo x100: 0:00 of 1:00:00, lag 1.5 (p50 0.5, p99 1.0, max 2.0), jitter 1.0 ms, 2 joined"
    late = "demo: the market cannot keep up at x100: it reaches x40 on this machine"
    assert log.getvalue().splitlines()[0] == moment
    assert [text[:8] for text in log.getvalue().splitlines()] == [
        "demo x10",
        "demo: th",
        "demo: th",
        "demo x10",
    ]
    assert late in log.getvalue()
    assert "demo: the market keeps up again at x100" in log.getvalue()
    assert terminal.getvalue().count("\r") == 4 + 2 + 1
    assert late in terminal.getvalue()
    assert f"\x1b[K{moment[:59]}\r" in terminal.getvalue()
