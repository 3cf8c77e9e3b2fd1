"""`arena replay` and `arena fork` from file to answer."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from actors.cli.errors import ExitCode
from analytics.report.fork import NOTHING_MOVED
from tests.cli.conftest import Arena


def played(arena: Arena, contest: Path) -> Path:
    answer = arena("match", str(contest), "--json")
    assert answer.code == ExitCode.DONE, answer.err
    return Path(answer.document["journal"])


def test_a_match_s_journal_replays(arena: Arena, contest: Path) -> None:
    journal = played(arena, contest)
    answer = arena("replay", str(journal))
    assert answer.code == ExitCode.DONE, answer.err
    assert "Everything is as it was." in answer.out
    assert re.search(r"Exchange: [\d,]+ commands, [\d,]+ events", answer.out)
    document = arena("replay", str(journal), "--json").document
    assert document["equal"] is True
    assert document["complete"] is True
    assert {each["bot"] for each in document["bots"]} == {"luck", "holder", "idle"}


def test_torn_and_damaged_journals_are_told_apart(arena: Arena, contest: Path) -> None:
    journal = played(arena, contest)
    content = journal.read_bytes()
    journal.write_bytes(content[:-20])
    answer = arena("replay", str(journal))
    assert answer.code == ExitCode.DONE, answer.err
    assert "was not written whole" in answer.out
    assert "was not closed" in answer.out
    damaged = bytearray(content)
    damaged[len(damaged) // 2] ^= 1
    journal.write_bytes(bytes(damaged))
    answer = arena("replay", str(journal))
    assert answer.code == ExitCode.INPUT
    assert re.search(r"match\.journal, byte \d+: damaged", answer.err)
    assert arena("replay", "nowhere.journal").code == ExitCode.INPUT


def test_a_fork_shows_two_futures_and_keeps_the_moment(arena: Arena, contest: Path) -> None:
    answer = arena("fork", str(contest), "--at", "20s", "--without", "holder")
    assert answer.code == ExitCode.DONE, answer.err
    for word in ("holder", "luck", "the crowd", "fee account", "BTC/USDT:USDT", "add up to 0"):
        assert word in answer.out
    assert all(len(line) <= 80 for line in answer.out.splitlines() if ": " not in line)
    moment = Path(re.search(r"Moment: (\S+)", answer.out)[1])  # type: ignore[index] # fails the test if absent
    page = (moment.parent / "report.html").read_text()
    assert page.lstrip().lower().startswith("<!doctype html>")
    assert "without holder" in page
    again = arena("fork", str(moment), "--order", "idle buy 0.1 BTC/USDT:USDT", "--json")
    assert again.code == ExitCode.DONE, again.err
    document = again.document
    assert document["change"] == "idle buys 0.1 BTC/USDT:USDT at the market"
    assert document["digest"] == arena("match", str(contest), "--json").document["digest"]
    assert document["digest_changed"] != document["digest"]
    assert document["at_s"] == 20


def test_a_change_that_moves_nothing_is_said(arena: Arena, contest: Path) -> None:
    """A bot that never trades may leave or be slow: both futures are one, on the page too."""
    answer = arena("fork", str(contest), "--at", "20s", "--latency", "idle=500ms")
    assert answer.code == ExitCode.DONE, answer.err
    assert NOTHING_MOVED in " ".join(answer.out.split())
    page = Path(re.search(r"Report: (\S+)", answer.out)[1]).read_text()  # type: ignore[index] # fails the test if absent
    assert NOTHING_MOVED in page
    assert "Gains most" not in page
    moved = arena("fork", str(contest), "--at", "20s", "--order", "idle buy 0.1 BTC/USDT:USDT")
    assert NOTHING_MOVED not in " ".join(moved.out.split())


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--at", "20s"], "expected one of --without, --latency and --order"),
        (["--without", "luck"], "--at: expected"),
        (["--at", "soon", "--without", "luck"], "--at: expected a duration"),
        (["--at", "2h", "--without", "luck"], "expected a moment inside the match of 1m"),
        (["--at", "20s", "--without", "nobody"], "bot: expected one of luck, holder, idle"),
        (["--at", "20s", "--latency", "luck"], "latency: expected BOT=20ms"),
        (["--at", "20s", "--order", "luck buys"], "order: expected"),
    ],
)
def test_what_cannot_be_forked_is_one_line(arena: Arena, contest: Path, words: list[str], text: str) -> None:
    answer = arena("fork", str(contest), *words)
    assert answer.code == ExitCode.INPUT
    assert text in answer.err
    assert len(answer.err.strip().splitlines()) == 1
