"""The contract suite passes good bots and names what is wrong with bad ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from actors.testing import CheckError, check_strategy
from actors.testing.check_strategy import CARDS
from exchange_sim.model.enums import Side
from exchange_sim.model.events import OrderCanceled
from exchange_sim.model.instrument import Instrument
from exchange_sim.model.market import Quote
from strategies.api import Context, Strategy, StrategyConfig, Subscription, quotes

EVERY = 5_000_000_000


class Good(Strategy[StrategyConfig]):
    """Buys and sells by turns at the market and keeps an order resting; remembers how often it has."""

    def __init__(self, config: StrategyConfig) -> None:
        super().__init__(config)
        self.turns: dict[str, int] = {}

    def subscriptions(self, instruments: Sequence[Instrument]) -> Sequence[Subscription]:
        for each in instruments:
            self.turns.setdefault(each.instrument_id, 0)
        return [quotes(each.instrument_id) for each in instruments]

    def on_start(self, ctx: Context) -> None:
        ctx.set_timer("turn", every_ns=EVERY)

    def on_timer(self, ctx: Context, name: str) -> None:
        ctx.cancel_all()
        for symbol in ctx.instruments:
            self.turns[symbol] += 1
            quote = ctx.quote(symbol)
            if quote is None or not quote.bid_ticks:
                continue
            ctx.submit_limit(symbol, Side.BUY, 10, quote.bid_ticks * 95 // 100)
            ctx.target_lots(symbol, 10 * (self.turns[symbol] % 5 - 2))

    def on_stop(self, ctx: Context) -> None:
        ctx.cancel_all()

    def save(self) -> bytes:
        return msgspec.msgpack.encode(self.turns)

    def load(self, state: bytes) -> None:
        self.turns = msgspec.msgpack.decode(state, type=dict[str, int])


class Loose(Good):
    class Settings(StrategyConfig, frozen=True, kw_only=True, forbid_unknown_fields=False):
        pass

    Config = Settings


class Raises(Good):
    def on_order(self, ctx: Context, event: Any) -> None:
        if type(event) is OrderCanceled:
            raise LookupError("a cancel")


class OnlyTwo(Good):
    def subscriptions(self, instruments: Sequence[Instrument]) -> Sequence[Subscription]:
        first, second = instruments
        return super().subscriptions([first, second])


class Moody(Good):
    mood = 0

    def on_timer(self, ctx: Context, name: str) -> None:
        Moody.mood += 1
        for symbol in ctx.instruments:
            ctx.submit_market(symbol, Side.BUY, Moody.mood)


class Forgets(Good):
    def save(self) -> bytes:
        return msgspec.msgpack.encode({})

    def load(self, state: bytes) -> None:
        self.turns = dict.fromkeys(self.turns, 0)


class NeedsQuotes(Good):
    def on_timer(self, ctx: Context, name: str) -> None:
        for symbol in ctx.instruments:
            quote = ctx.quote(symbol)
            assert quote is not None
            ctx.target_lots(symbol, 1)


class NeedsFills(Good):
    def on_order(self, ctx: Context, event: Any) -> None:
        if type(event).__name__ in {"OrderRejected", "OrderDenied"}:
            raise LookupError("refused")


class Untidy(Good):
    def on_stop(self, ctx: Context) -> None:
        pass


class Piles(Good):
    def on_quote(self, ctx: Context, quote: Quote) -> None:
        for _ in range(12):
            ctx.submit_limit(quote.instrument_id, Side.BUY, 1, 100)


class Shares(Good):
    everyone: list[str] = []  # noqa: RUF012 - that is the fault

    def __init__(self, config: StrategyConfig) -> None:
        super().__init__(config)
        self.friends = self.everyone


def test_a_good_bot_passes_every_card() -> None:
    assert len(check_strategy(Good, duration="1m")) == len(CARDS)


@pytest.mark.parametrize(
    ("bot", "card", "text"),
    [
        (Loose, "S01", "expected an unknown field to be refused"),
        (Raises, "S02", "LookupError: a cancel in on_order"),
        (OnlyTwo, "S03", "BTC/USDT:USDT alone"),
        (Moody, "S04", "expected the same journal twice"),
        (Forgets, "S05", "expected the same journal when a new instance takes over"),
        (NeedsQuotes, "S07", "an empty book: AssertionError"),
        (NeedsFills, "S08", "LookupError: refused in on_order"),
        (Untidy, "S10", "expected no order to rest after the stop, was 2"),
        (Piles, "S11", "expected at most 100 orders a second"),
        (Shares, "S12", "expected two bots to share nothing, was friends"),
    ],
)
def test_each_card_finds_its_fault(bot: type[Good], card: str, text: str) -> None:
    with pytest.raises(CheckError) as caught:
        check_strategy(bot, duration="30s")
    lines = [line for line in str(caught.value).splitlines() if line.strip().startswith(card)]
    assert len(lines) == 1, str(caught.value)
    assert text in lines[0]
    assert str(caught.value).startswith(f"{bot.__name__}: ")


def test_the_text_counts_the_cards() -> None:
    with pytest.raises(CheckError, match=r"Untidy: 1 of 12 cards failed\n  S10 leaves no orders behind"):
        check_strategy(Untidy, duration="30s")
