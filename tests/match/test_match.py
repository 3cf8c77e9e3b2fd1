"""Whole matches: the same bytes again, conserved money, bots that misbehave."""

from __future__ import annotations

import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import msgspec
import numpy as np
import pytest

from actors.match import run_match
from actors.match_config import BotSpec, MatchSettings, MatchSpec
from actors.result import MatchResult
from actors.risk import RiskLimits
from exchange_sim.journal_reader import read_journal
from exchange_sim.latency import AccountLatency, ConstantLatency, LognormalLatency
from exchange_sim.markets.spec import SyntheticMarket

BOTS = Path(__file__).with_name("bots.py")
JITTER = AccountLatency(up=LognormalLatency(), down=LognormalLatency())


def bad(name: str) -> str:
    return f"{BOTS}:{name}"


def spec(*bots: BotSpec, duration: str = "90s", handler_limit_s: float = 5.0) -> MatchSpec:
    return MatchSpec(
        match_id="test",
        seed=5,
        bot_seed=6,
        market=SyntheticMarket(instruments=("BTC/USDT:USDT", "SOL/USDT:USDT")),
        settings=MatchSettings(duration=duration, handler_limit_s=handler_limit_s),
        bots=bots,
    )


SCALPER = BotSpec(name="scalper", strategy=bad("Scalper"), latency=JITTER)
MAKER = BotSpec(name="maker", strategy="market_maker", config={"half_spread": 0.00005})
CASH = BotSpec(name="cash", strategy="cash")


@pytest.fixture(scope="module")
def played() -> MatchResult:
    return run_match(spec(SCALPER, MAKER, CASH))


def test_the_same_match_twice_gives_the_same_bytes(played: MatchResult) -> None:
    again = run_match(spec(SCALPER, MAKER, CASH))
    assert again.digest == played.digest
    assert again.market_digest == played.market_digest
    assert again.equity.tobytes() == played.equity.tobytes()
    assert again.fills.tobytes() == played.fills.tobytes()
    assert [each.tobytes() for each in again.market] == [each.tobytes() for each in played.market]


@pytest.mark.parametrize("hash_seed", ["0", "4321"])
def test_the_hash_seed_of_the_interpreter_changes_nothing(played: MatchResult, hash_seed: str) -> None:
    code = (
        "import msgspec, sys\n"
        "from actors.match import run_match\n"
        "from actors.match_config import MatchSpec\n"
        "result = run_match(msgspec.json.decode(sys.stdin.buffer.read(), type=MatchSpec))\n"
        "print(result.digest, result.market_digest)\n"
    )
    done = subprocess.run(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", code],
        input=msgspec.json.encode(spec(SCALPER, MAKER, CASH)),
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout.decode().split() == [played.digest, played.market_digest]


def test_another_seed_is_another_match(played: MatchResult) -> None:
    other = run_match(msgspec.structs.replace(spec(SCALPER, MAKER, CASH), seed=7))
    assert other.digest != played.digest
    assert other.market_digest != played.market_digest


def test_bots_trade_and_their_books_agree_with_the_fills(played: MatchResult) -> None:
    scalper, maker, cash = played.bots
    assert scalper.fills > 10
    assert maker.fills > 0
    assert maker.maker_volume > 0
    assert cash.fills == 0
    assert cash.final_equity == cash.start_equity
    for number, bot in enumerate(played.bots):
        own = played.fills[played.fills["bot"] == number]
        assert len(own) == bot.fills
        assert np.isclose(own["fee"].sum(), bot.fees)
        assert np.isclose((own["price"] * own["quantity"]).sum(), bot.volume)


def test_equity_starts_at_the_deposit_and_ends_at_the_result(played: MatchResult) -> None:
    assert played.equity[0].tolist() == [100_000.0] * 3
    assert played.equity[-1].tolist() == [bot.final_equity for bot in played.bots]
    assert np.all(np.diff(played.times_ns) > 0)


def test_a_bot_that_does_nothing_changes_nothing_for_the_market() -> None:
    alone = run_match(spec(CASH))
    crowded = run_match(spec(CASH, msgspec.structs.replace(CASH, name="second")))
    assert alone.market_digest == crowded.market_digest


def test_a_bot_s_luck_does_not_depend_on_its_company() -> None:
    """The random bot draws the same numbers whoever else is there: its first order is the same."""
    bot = BotSpec(name="dice", strategy="random", config={"mean_gap": "10s"})
    alone = run_match(spec(bot))
    accompanied = run_match(spec(CASH, bot))
    assert len(alone.fills)
    assert alone.fills[0]["side"] == accompanied.fills[0]["side"]
    assert alone.fills[0]["ts_ns"] == accompanied.fills[0]["ts_ns"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Raises", "ZeroDivisionError"),
        ("Floods", "sent more than 1000 commands"),
        ("Hangs", "did not return within 0.3 s"),
        ("Echoes", "10,000"),
    ],
)
def test_a_misbehaving_bot_is_taken_out_by_name_and_the_others_go_on(name: str, words: str) -> None:
    limits = RiskLimits(order_notional=Decimal(1)) if name == "Echoes" else RiskLimits()
    bot = BotSpec(name="bad", strategy=bad(name), risk=limits)
    result = run_match(spec(bot, SCALPER, duration="20s", handler_limit_s=0.3))
    assert words in result.bots[0].disqualified
    assert "\n" not in result.bots[0].disqualified
    assert result.bots[1].disqualified == ""
    assert result.bots[1].fills > 0
    assert result.end_ns > result.start_ns + 20 * 10**9


def test_the_journal_on_disk_has_the_digest_of_the_match(played: MatchResult, tmp_path: Path) -> None:
    path = tmp_path / "match.journal"
    result = run_match(spec(SCALPER, MAKER, CASH), journal_path=path)
    assert result.digest == played.digest
    journal = read_journal(path)
    assert journal.footer is not None
    assert journal.footer.digest == played.digest


def test_windows_of_another_length_give_the_same_market_and_fills() -> None:
    """Adding a far-off account with a tiny latency shortens all windows and must change nothing else."""
    near = BotSpec(
        name="near",
        strategy="cash",
        latency=AccountLatency(up=ConstantLatency(delay_us=150), down=ConstantLatency(delay_us=150)),
    )
    wide = run_match(spec(SCALPER, CASH, duration="20s"))
    narrow = run_match(spec(SCALPER, near, duration="20s"))
    assert wide.market_digest == narrow.market_digest
    assert wide.fills.tobytes() == narrow.fills.tobytes()


def test_a_bot_that_hangs_in_machine_code_ends_its_process_and_is_named() -> None:
    code = (
        "import msgspec, sys\n"
        "import actors.watchdog\n"
        "actors.watchdog.LAST_RESORT_MINIMUM_S = 3.0\n"
        "from actors.match import run_match\n"
        "from actors.match_config import MatchSpec\n"
        "run_match(msgspec.json.decode(sys.stdin.buffer.read(), type=MatchSpec))\n"
    )
    bot = BotSpec(name="bad", strategy=bad("HangsInC"))
    done = subprocess.run(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", code],
        input=msgspec.json.encode(spec(bot, duration="20s", handler_limit_s=0.1)),
        capture_output=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 1
    assert b"bots.py" in done.stderr
    assert b"in on_book" in done.stderr
