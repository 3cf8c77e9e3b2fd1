"""What bots print reaches the user once, with its name, from wherever they are played."""

from __future__ import annotations

import io
import logging
import sys
from pathlib import Path

import pytest
from rich.console import Console
from rich.progress import Progress

from actors.bot_check import check_bots
from actors.bot_output import LINES_PER_MATCH, LINES_PER_RUN, BotLine, NewLines, heard, speaking
from actors.config import MatchFormat
from actors.filing import Filing
from actors.match_config import BotSpec, MatchSettings, MatchSpec
from actors.player import MatchPlayer, PlayerSetup
from actors.record import MatchJob
from actors.result import BotResult
from exchange_sim.markets.spec import SyntheticMarket

TALKERS = Path(__file__).with_name("talkers.py")


def job(*bots: BotSpec, duration: str = "20s") -> MatchJob:
    match = MatchSpec(
        match_id="loud",
        seed=5,
        bot_seed=6,
        market=SyntheticMarket(instruments=("BTC/USDT:USDT",)),
        settings=MatchSettings(duration=duration),
        bots=bots,
    )
    return MatchJob(position=0, contest="loud", block="0", format=MatchFormat.MELEE, round=0, match=match)


def results(filing: Filing) -> list[BotResult]:
    """Return the accounts' outcomes; in the catalogue's rows they stand behind match and seat."""
    names = BotResult.__struct_fields__
    return [BotResult(**dict(zip(names, row[2:], strict=False))) for row in filing.bots]


def test_every_way_of_printing_is_heard_under_the_bots_name(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])  # as in a worker: pytest has its own
    bots = [
        BotSpec(name=name, strategy=f"{TALKERS}:{kind}")
        for name, kind in (("ann", "Talks"), ("bob", "Talks"), ("eve", "Shouts"))
    ]
    log = io.StringIO()
    check_bots(bots)  # as every command does first: their modules are loaded
    outcome = MatchPlayer(PlayerSetup(run="cup"), log=log).play(job(*bots))
    lines = [str(line) for line in outcome.said]
    for name in ("ann", "bob"):
        own = [line for line in lines if line.startswith(f"[{name}")]
        words = ("made", "asked", "two words and more", "next line")
        assert own[:4] == [f"[{name}] {each}" for each in words]
        assert own[4].startswith(f"[{name} ")
        assert own[4].endswith("] noticed level=3")
        assert own[5:7] == [f"[{name}] logged", f"[{name}] own handler"]
        assert own[-1] == f"[{name}] bye"
    assert [line for line in lines if line.startswith("[eve")] == [
        "[eve] made",
        "[eve] asked",
        "[eve] before the fall",
    ]
    assert "ZeroDivisionError: no price in on_book" in results(outcome)[2].disqualified
    assert capsys.readouterr() == ("", "")
    assert "[cup ann] two words and more\n" in log.getvalue()
    assert log.getvalue().count("\n") == len(lines)


def test_a_bot_that_prints_a_lot_is_cut_short() -> None:
    bot = BotSpec(name="ann", strategy=f"{TALKERS}:Chatters")
    said = MatchPlayer(PlayerSetup(run="cup")).play(job(bot, duration="40s")).said
    assert len(said) == LINES_PER_MATCH + 1
    assert len(said[2].text) == 503
    assert said[-1].text.startswith("... and ")


def test_others_keep_their_streams(capsys: pytest.CaptureFixture[str]) -> None:
    lines: list[BotLine] = []

    def say(line: BotLine) -> None:
        lines.append(line)
        sys.stderr.write("told\n")  # what is done with a line is not the bot's output

    with heard(say):
        print("of the house")
        with speaking("ann"):
            print("of ann")
        sys.stdout.flush()
    print("after")
    assert lines == [BotLine("ann", "of ann")]
    assert capsys.readouterr() == ("of the house\nafter\n", "told\n")


def test_a_progress_bar_is_not_taken_for_a_bot(capsys: pytest.CaptureFixture[str]) -> None:
    lines: list[BotLine] = []
    with Progress(console=Console(stderr=True, force_terminal=True), auto_refresh=False) as bar:
        bar.add_task("cup")
        with heard(lines.append), speaking("ann"):
            bar.refresh()
            print("hello")
    assert lines == [BotLine("ann", "hello")]
    assert "cup" in capsys.readouterr().err


def test_a_run_shows_each_line_once_and_not_too_many() -> None:
    new = NewLines()
    first = [BotLine("ann", "hello"), BotLine("bob", "hello"), BotLine("ann", "hello")]
    assert new.of(first) == ["[ann] hello", "[bob] hello"]
    assert new.of(first) == []
    many = new.of(BotLine("ann", f"line {number}") for number in range(200))
    assert len(many) == LINES_PER_RUN
    assert many[-1] == f"[ann] has written {LINES_PER_RUN} lines; no more are shown"
    assert new.of([BotLine("bob", "still there")]) == ["[bob] still there"]
