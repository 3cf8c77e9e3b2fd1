"""The Strategy API by itself."""

from __future__ import annotations

from typing import Generic, TypeVar

import pytest

from exchange_sim.model.ids import InstrumentId
from strategies.api import Strategy, StrategyConfig, bars, books, quotes
from tests.order_path.bots import Quiet

SYMBOL = InstrumentId("BTC/USDT:USDT")


class OneConfig(StrategyConfig, frozen=True, kw_only=True, forbid_unknown_fields=True):
    period: int = 3


C = TypeVar("C", bound=StrategyConfig)


class Family(Strategy[C], Generic[C]):
    pass


class Member(Family[OneConfig]):
    pass


class Grandchild(Member):
    pass


def test_the_configuration_type_comes_from_the_generic_argument() -> None:
    assert Quiet.Config is StrategyConfig
    assert Family.Config is StrategyConfig
    assert Member.Config is OneConfig
    assert Grandchild.Config is OneConfig


def test_a_strategy_must_say_what_it_hears() -> None:
    with pytest.raises(TypeError, match="subscriptions"):
        Grandchild(OneConfig())  # type: ignore[abstract]


def test_by_default_there_is_nothing_to_save() -> None:
    bot = Quiet(StrategyConfig())
    assert bot.save() == b""
    bot.load(b"")


def test_subscriptions_have_bounds() -> None:
    with pytest.raises(ValueError, match="interval_ns: expected more than 0, was 0"):
        bars(SYMBOL, 0)
    with pytest.raises(ValueError, match="warmup: expected 0 or more bars, was -1"):
        bars(SYMBOL, 1, warmup=-1)
    with pytest.raises(ValueError, match="depth: expected 1 level or more, was 0"):
        books(SYMBOL, 1, depth=0)
    assert quotes(SYMBOL) == quotes(SYMBOL)
