"""Contest files: what they decode to, and what their errors say."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.config import MatchFormat, TournamentSpec, digest_of
from actors.config_errors import ConfigError
from actors.config_files import load_match, load_search, load_tournament
from tests.contests.conftest import FILE

MARKET = '[market]\nkind = "synthetic"\n'
BOT = '[[bots]]\nname = "ann"\nstrategy = "alpha"\n'


def test_one_file_serves_match_tournament_and_search(contest_file: Path) -> None:
    match, tournament, search = (
        load_match(contest_file),
        load_tournament(contest_file),
        load_search(contest_file),
    )
    assert [bot.name for bot in match.bots] == ["ann", "bob", "cash"]
    assert tournament.tournament.formats == tuple(MatchFormat)
    assert tournament.null_bot == "bob"
    assert (search.bot.name, [bot.name for bot in search.company]) == ("ann", ["bob", "cash"])


def test_comments_and_the_order_of_tables_do_not_change_the_digest(tmp_path: Path) -> None:
    one, other = tmp_path / "one.toml", tmp_path / "other.toml"
    one.write_text(f'name = "x"\n{MARKET}{BOT}')
    other.write_text(f'# note\nname = "x"\n{BOT}{MARKET}')
    assert digest_of(load_tournament(one)) == digest_of(load_tournament(other))
    assert digest_of(load_tournament(one, seed=2)) != digest_of(load_tournament(one))


def test_bots_from_other_files_are_added(tmp_path: Path) -> None:
    (tmp_path / "best.toml").write_text(f'name = "y"\n{MARKET}{BOT.replace("ann", "eve")}')
    path = tmp_path / "c.toml"
    path.write_text(f'bots_from = ["best.toml"]\n{MARKET}{BOT}')
    assert [bot.name for bot in load_tournament(path).bots] == ["ann", "eve"]


def test_a_strategy_file_is_found_from_the_contest_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    path = folder / "c.toml"
    path.write_text(MARKET + BOT.replace('"alpha"', '"bots/own.py:Own"'))
    assert load_match(path).bots[0].strategy == f"{folder.as_posix()}/bots/own.py:Own"
    monkeypatch.chdir(tmp_path)
    assert load_match(path).bots[0].strategy == "mine/bots/own.py:Own"


@pytest.mark.parametrize(
    ("text", "path", "problem"),
    [
        ("", "market", "missing"),
        (MARKET, "bots", "expected at least one [[bots]] table"),
        (MARKET + "sped = 3\n" + BOT, "market.sped", "unknown field (was 3)"),
        (MARKET + 'populaton = "rmsc04"\n' + BOT, "market.populaton", "did you mean 'population'?"),
        ('[market]\nkind = "real"\n' + BOT, "market.kind", "expected 'synthetic' or 'anchored' or "),
        ("[market]\nstart = 3\n" + BOT, "market.kind", "expected 'synthetic' or 'anchored' or "),
        (MARKET + "volume_scale = -1.0\n" + BOT, "market.volume_scale", "expected float > 0.0, was -1.0"),
        (MARKET + 'history = "5x"\n' + BOT, "market.history", "expected like 500ms"),
        (
            MARKET + 'instruments = [{ symbol = "BTC/USDT:USDT", tick_size = "-0.1" }]\n' + BOT,
            "market.instruments[0].tick_size",
            "expected a positive number, was -0.1",
        ),
        (MARKET + BOT + BOT, "bots[1].name", "expected a name no other bot has, was 'ann' like bots[0]"),
        (MARKET + BOT + "deposit = -5\n", "bots[0].deposit", "expected a positive number, was -5"),
        (MARKET + BOT + "risk = { leverge = 2 }\n", "bots[0].risk.leverge", "did you mean 'leverage'?"),
        (MARKET + BOT.replace("ann", "/ann"), "bots[0].name", "was '/ann'"),
        (
            MARKET + BOT + '[match]\nduration = "10m"\nequity_interval = "1h"\n',
            "match.equity_interval",
            "expected at most the duration '10m', was '1h'",
        ),
        (
            MARKET + BOT + '[tournament]\nformats = ["meelee"]\n',
            "tournament.formats[0]",
            "expected 'melee' or 'solo' or 'leave_one_out', was 'meelee'",
        ),
        (
            MARKET + BOT + '[tournament]\nnull_bot = "eve"\n',
            "tournament.null_bot",
            "expected one of ann, was 'eve'",
        ),
        (
            MARKET + BOT + '[tournament]\nformats = ["leave_one_out"]\n',
            "tournament.formats",
            "expected at least 2 bots",
        ),
        (
            '[market]\nkind = "anchored"\ninstruments = ["BTC/USDT:USDT"]\n'
            + BOT
            + '[tournament]\nstart_step = "1d"\n',
            "market[0].start",
            "expected a time with start_step, was missing",
        ),
        (
            MARKET
            + BOT
            + "latency = { up = { kind = 'constant', delay_us = 7 } }\n"
            + "[[tournament.latencies]]\nup = { kind = 'constant', delay_us = 9 }\n",
            "bots[0].latency",
            "expected none, because [tournament] gives latencies to seats",
        ),
        ("[market\n", "", "expected TOML"),
    ],
)
def test_an_error_names_the_field_the_value_and_what_was_expected(
    tmp_path: Path, text: str, path: str, problem: str
) -> None:
    file = tmp_path / "c.toml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_tournament(file)
    assert caught.value.path == path
    assert problem in caught.value.problem
    assert str(caught.value).startswith(f"{file}: {path}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("space", "path", "problem"),
    [
        ("fast = { low = 2 }", "search.space.fast.high", "expected a number (or give choices), was missing"),
        ("fast = { low = 5, high = 2 }", "search.space.fast.high", "expected more than low = 5, was 2"),
        ("fast = { lo = 5, high = 2 }", "search.space.fast.lo", "did you mean 'low'?"),
        ("fast = { low = 0, high = 2, log = true }", "search.space.fast.low", "was 0"),
        ("fast = { low = 1, high = 9, step = 0.5 }", "search.space.fast.step", "whole number"),
        ("fast = { choices = [1], low = 3 }", "search.space.fast.choices", "was both"),
    ],
)
def test_an_error_in_a_search_space_names_the_dimension(
    tmp_path: Path, space: str, path: str, problem: str
) -> None:
    file = tmp_path / "c.toml"
    file.write_text(f"{MARKET}{BOT}[search.space]\n{space}\n")
    with pytest.raises(ConfigError) as caught:
        load_search(file)
    assert (caught.value.path, problem in caught.value.problem) == (path, True)


def test_a_search_of_several_bots_says_which_to_name(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text(FILE.replace('bot = "ann"\n', ""))
    with pytest.raises(ConfigError, match=r"search\.bot: expected one of ann, bob, cash, was missing"):
        load_search(file)


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="expected a TOML file, was missing"):
        load_tournament(tmp_path / "none.toml")


def test_seeds_and_rounds_can_be_given_apart(contest_file: Path) -> None:
    spec: TournamentSpec = load_tournament(contest_file, seed=5, rounds=2)
    assert (spec.seed, spec.tournament.rounds) == (5, 2)
