import math

import msgspec
import numpy as np
import pytest

from analytics.interaction import EVERYONE, removal_effects
from analytics.match_table import MatchRow
from tests.analytics.test_leaderboard import row


def matches(rounds: int) -> list[MatchRow]:
    """Bot c takes 1 % from a, gives b 2 %, and every round has its own luck that pairing must cancel."""
    rng = np.random.Generator(np.random.PCG64(6))
    rows = []
    for block in range(rounds):
        luck = rng.normal(0, 0.05)
        for present in ("abc", "ab", "ac", "bc"):
            with_c = "c" in present
            returns = {"a": -0.01 * with_c, "b": 0.02 * with_c, "c": 0.0}
            rows += [
                msgspec.structs.replace(
                    row(bot, block, luck + returns[bot]),
                    match_id=f"m{block}-{present}",
                    contest=f"c{block}-{present}",
                )
                for bot in present
            ]
    return rows


def test_effects_of_a_bot_on_the_others_are_those_built_in() -> None:
    effects = removal_effects(matches(4)).set_index(["bot", "other"])
    assert effects.loc[("c", "a"), "effect"] == pytest.approx(-0.01)
    assert effects.loc[("c", "b"), "effect"] == pytest.approx(0.02)
    assert effects.loc[("c", EVERYONE), "effect"] == pytest.approx(0.005)
    assert effects.loc[("a", "b"), "effect"] == pytest.approx(0.0)
    assert set(effects["blocks"]) == {4}
    assert (effects["low"] <= effects["effect"]).all()


def test_one_block_gives_effects_without_intervals() -> None:
    assert all(math.isnan(low) for low in removal_effects(matches(1))["low"])


def test_without_such_matches_the_table_is_empty() -> None:
    melee = [entry for entry in matches(3) if entry.match_id.endswith("abc")]
    effects = removal_effects(melee)
    assert len(effects) == 0
    assert list(effects.columns) == ["bot", "other", "effect", "low", "high", "blocks"]
