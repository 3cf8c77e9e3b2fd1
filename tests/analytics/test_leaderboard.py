import math

import msgspec
import numpy as np
import pytest

from analytics.leaderboard import build_leaderboard
from analytics.match_table import MatchRow, match_rows
from analytics.returns import ReturnMoments, equity_metrics
from tests.analytics.test_trades import fills

BOTS = ["cash", "good", "random"]


def row(bot: str, contest: int, total_return: float, **fields: object) -> MatchRow:
    curve = 100_000 * np.array([1.0, 1.0 + total_return / 2, 1.0 + total_return])
    metrics = equity_metrics(np.array([0, 60, 120]) * 10**9, curve)
    values = {
        "match_id": f"m{contest}",
        "contest": f"c{contest}",
        "block": f"b{contest}",
        "bot": bot,
        "start_equity": 100_000.0,
        "total_return": metrics.total_return,
        "max_drawdown": metrics.max_drawdown,
        "moments": metrics.moments,
        "trades": {},
    }
    return msgspec.convert(values | fields, MatchRow)


def tournament(rounds: int = 10, edge: float = 0.01) -> list[MatchRow]:
    rng = np.random.Generator(np.random.PCG64(3))
    rows = []
    for contest in range(rounds):
        noise = rng.normal(0, 0.003, size=2)
        rows += [
            row("cash", contest, 0.0),
            row("good", contest, edge + noise[0]),
            row("random", contest, noise[1]),
        ]
    return rows


def test_the_better_bot_leads_and_beats_the_null() -> None:
    board = build_leaderboard(tournament(), null="random", seed=1)
    assert board.rows[0].bot == "good"
    assert (board.matches, board.contests, board.blocks) == (10, 10, 10)
    verdict = {entry.bot: entry.beats_null for entry in board.rows}
    assert verdict == {"good": True, "cash": False, "random": None}
    good = board.rows[0]
    assert good.rating_low <= good.rating <= good.rating_high
    assert good.return_low < good.return_mean < good.return_high
    assert good.p_best > 0.9
    assert math.isnan(next(entry for entry in board.rows if entry.bot == "cash").sharpe)


def test_the_table_does_not_depend_on_the_order_in_which_matches_finished() -> None:
    rows = tournament()
    encoded = [
        msgspec.json.encode(build_leaderboard(order, null="random", seed=1)) for order in (rows, rows[::-1])
    ]
    assert encoded[0] == encoded[1]


def test_rows_survive_the_catalogue() -> None:
    original = tournament(1)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(original), type=list[MatchRow]) == original


def test_matches_of_one_block_are_one_piece_of_evidence() -> None:
    repeated = [
        msgspec.structs.replace(entry, match_id=f"{entry.match_id}-{copy}", contest=f"{entry.contest}-{copy}")
        for entry in tournament(3)
        for copy in range(10)
    ]
    board = build_leaderboard(repeated, null="random", seed=1)
    assert (board.contests, board.blocks) == (30, 3)
    assert not any(entry.beats_null for entry in board.rows)
    assert "at least 5 are needed" in board.notes[0]


def test_a_bot_taken_out_finishes_last_whatever_it_had() -> None:
    rows = [
        msgspec.structs.replace(entry, disqualified="raised in on_bar") if entry.bot == "good" else entry
        for entry in tournament(6)
    ]
    board = build_leaderboard(rows, null="random", seed=1)
    assert board.rows[-1].bot == "good"
    assert board.rows[-1].disqualified == 6
    assert any("Disqualified" in note for note in board.notes)


@pytest.mark.parametrize("out_in", [1, 12])
def test_a_disqualified_bot_has_shown_no_skill(out_in: int) -> None:
    rows = [
        msgspec.structs.replace(entry, disqualified="raised in on_bar")
        if entry.bot == "good" and int(entry.contest[1:]) < out_in
        else entry
        for entry in tournament(12, edge=0.05)
    ]
    good = next(entry for entry in build_leaderboard(rows, null="random", seed=1).rows if entry.bot == "good")
    assert good.disqualified == out_in
    assert good.p_value < 0.05
    assert good.beats_null is False


def test_ratios_of_minutes_come_with_a_warning() -> None:
    board = build_leaderboard(tournament(8), null="random", seed=1)
    assert "extrapolate 16 min of play" in board.notes[-1]
    assert "about 181." in board.notes[-1]
    long = ReturnMoments(count=2, span_ns=31 * 86_400 * 10**9)
    rows = [msgspec.structs.replace(entry, moments=long) for entry in tournament(8)]
    assert build_leaderboard(rows, null="random", seed=1).notes == ()


def test_bots_that_play_alone_are_ranked_over_their_common_contest() -> None:
    solo = [
        msgspec.structs.replace(entry, match_id=f"{entry.match_id}-{entry.bot}") for entry in tournament()
    ]
    board = build_leaderboard(solo, null="random", seed=1)
    assert board.matches == 30
    assert board.rows[0].bot == "good"


def test_rows_of_a_match() -> None:
    equity = np.array([[100.0, 100.0], [110.0, 90.0], [99.0, 100.0]])
    table = fills((0, 0, 0, 10.0, 5.0, 0.1, 1), (1, 0, 1, 10.0, 5.0, 0.2, 0))
    first, second = match_rows(
        match_id="m",
        contest="c",
        block="b",
        bots=["x", "y"],
        times_ns=np.array([0, 1, 2]) * 10**9,
        equity=equity,
        fills=table,
        disqualified=["", "too slow"],
    )
    assert (first.bot, first.trades.fills, first.trades.maker_volume) == ("x", 1, 50.0)
    assert first.total_return == pytest.approx(-0.01)
    assert first.max_drawdown == pytest.approx(0.1)
    assert second.disqualified == "too slow"
    board = build_leaderboard([first, second], null=None, seed=0)
    assert board.rows[0].turnover == pytest.approx(0.5)
    assert "One block" in board.notes[0]
    with pytest.raises(ValueError, match="equity: expected the shape"):
        match_rows(
            match_id="m",
            contest="c",
            block="b",
            bots=["x"],
            times_ns=np.array([0]),
            equity=equity,
            fills=table,
        )


def test_bad_tournaments_are_named() -> None:
    with pytest.raises(ValueError, match="null: expected one of"):
        build_leaderboard(tournament(2), null="rnadom", seed=0)
    with pytest.raises(ValueError, match="two of 'cash'"):
        build_leaderboard([row("cash", 0, 0.0), row("cash", 0, 0.1)], null=None, seed=0)
    with pytest.raises(ValueError, match="block: expected one per contest"):
        build_leaderboard([row("a", 0, 0.0), row("b", 0, 0.1, block="other")], null=None, seed=0)
