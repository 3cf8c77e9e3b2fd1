"""The contract suite for strategies: what every bot must live up to before it meets others.

Cards S01 to S12 run the bot through the real order path on small markets, some of them unkind. A bot that
passes is no better for it, but it will not be taken out, and its results can be repeated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from functools import cached_property
from typing import Any

import msgspec

from actors.faults import StrategySetupError
from actors.risk import RiskLimits
from actors.strategy_setup import traded_instruments, wanted_subscriptions
from actors.testing.cards import Card, expect, run_cards
from actors.testing.made_up_series import made_up_series
from actors.testing.opponents import Tempter, ThinBook
from actors.testing.stage import Played, Player, Stage, still_market
from exchange_sim.markets.build import build_market
from exchange_sim.markets.duration import parse_duration_ns
from exchange_sim.markets.history import EMPTY_HISTORY
from exchange_sim.markets.inputs import MarketInputs
from exchange_sim.markets.spec import SyntheticMarket
from exchange_sim.model.ids import AccountId
from exchange_sim.series import EVERYWHERE
from strategies.api import Strategy, StrategyConfig

SYMBOLS = ("BTC/USDT:USDT", "ETH/USDT:USDT")
_DEPOSIT = Decimal(100_000)
_PENNY = Decimal("0.01")
OPEN_ORDERS_MAXIMUM = 1_000
ORDERS_PER_SECOND_MAXIMUM = 100.0


class StrategySubject:
    """A strategy class with a configuration, and the runs that several cards look at."""

    def __init__(
        self, strategy: type[Strategy[Any]], config: StrategyConfig, *, duration: str, seed: int
    ) -> None:
        self.strategy = strategy
        self.config = config
        self.duration_ns = parse_duration_ns(duration)
        self.seed = seed

    @cached_property
    def market(self) -> MarketInputs:
        """A lively market with two symbols and a day of history."""
        return build_market(SyntheticMarket(instruments=SYMBOLS), self.duration_ns, self.seed)

    @cached_property
    def played(self) -> Played:
        """The run that others are compared with."""
        return self.stage().play()

    def make(self, **changes: Any) -> Strategy[Any]:
        """Return a new bot, its configuration changed."""
        return self.strategy(msgspec.structs.replace(self.config, **changes))

    def stage(
        self,
        market: MarketInputs | None = None,
        *others: Player,
        limits: RiskLimits | None = None,
        deposit: Decimal = _DEPOSIT,
        **changes: Any,
    ) -> Stage:
        """Return a stage with one new bot, and others."""
        bot = Player("bot", self.make(**changes), limits=limits or RiskLimits(), deposit=deposit)
        inputs = self._with_series(market or self.market, **changes)
        return Stage([bot, *others], inputs, duration_ns=self.duration_ns, seed=self.seed)

    def _with_series(self, market: MarketInputs, **changes: Any) -> MarketInputs:
        """Return the market with made-up values of every series that the bot asks for."""
        name, strategy = AccountId("bot"), self.make(**changes)
        traded = traded_instruments(name, strategy, market.instruments)
        wanted = wanted_subscriptions(name, strategy, traded)
        end_ns = market.start_ns + self.duration_ns
        return replace(market, series=made_up_series(wanted, self.seed, market.start_ns, end_ns))


def check_strategy(
    strategy: type[Strategy[Any]],
    config: StrategyConfig | None = None,
    *,
    duration: str = "10m",
    seed: int = 1,
) -> tuple[str, ...]:
    """Check a strategy against the contract and return what it passed.

    Parameters
    ----------
    strategy, config
        The class, and a configuration of it; its defaults if None. Its `instruments` must be empty or
        among BTC/USDT:USDT and ETH/USDT:USDT.
    duration
        How long each run of a card is, in simulated time.
    seed
        Of the markets.

    Raises
    ------
    CheckError
        One card or more failed; the text has a line for each.
    """
    settings = strategy.Config() if config is None else config
    subject = StrategySubject(strategy, settings, duration=duration, seed=seed)
    return run_cards(strategy.__name__, CARDS, lambda: subject)


def _alive(played: Played, where: str) -> None:
    host = played.hosts[0]
    expect(not host.disqualified, f"{where}: {host.disqualified}")


def _configuration(subject: StrategySubject) -> None:
    kind = type(subject.config)
    expect(
        issubclass(kind, subject.strategy.Config),
        f"expected a configuration of type {subject.strategy.Config.__name__}, was {kind.__name__}",
    )
    plain = msgspec.to_builtins(subject.config)
    back = msgspec.convert(plain, kind)
    expect(back == subject.config, f"expected {subject.config} after a round trip, was {back}")
    again = msgspec.json.decode(msgspec.json.encode(subject.config), type=kind)
    expect(again == subject.config, f"expected {subject.config} after a round trip in JSON, was {again}")
    try:
        msgspec.convert({**plain, "no_such_field": 1}, kind)
    except msgspec.ValidationError:
        return
    expect(False, "expected an unknown field to be refused: give the class forbid_unknown_fields=True")


def _lively(subject: StrategySubject) -> None:
    _alive(subject.played, "a lively market")


def _each_symbol(subject: StrategySubject) -> None:
    for symbol in subject.config.instruments or SYMBOLS:
        try:
            stage = subject.stage(instruments=(symbol,))
        except StrategySetupError as error:
            expect(False, f"{symbol} alone: {error}")
        wishes = stage.hosts[0].host.subscriptions
        others = sorted({wish.instrument_id for wish in wishes} - {symbol, EVERYWHERE})
        expect(not others, f"{symbol} alone: expected to hear of nothing else, was {', '.join(others)}")
        _alive(stage.play(), f"{symbol} alone")


def _deterministic(subject: StrategySubject) -> None:
    first, second = subject.played.footer, subject.stage().play().footer
    expect(
        first.digest == second.digest,
        f"expected the same journal twice, was {first.records} and {second.records} records that differ",
    )


def _resumable(subject: StrategySubject) -> None:
    def swap(stage: Stage) -> None:
        host = stage.hosts[0].host
        successor = subject.make()
        successor.subscriptions(tuple(host.context.instruments.values()))
        successor.load(host.strategy.save())
        host.replace_strategy(successor)

    swapped = subject.stage().play(half_time=swap)
    _alive(swapped, "after load")
    expect(
        swapped.footer.digest == subject.played.footer.digest,
        "expected the same journal when a new instance takes over half-way by save and load",
    )


def _young(subject: StrategySubject) -> None:
    _alive(subject.stage().play(EMPTY_HISTORY), "a market without history")


def _empty(subject: StrategySubject) -> None:
    market = still_market(
        subject.duration_ns,
        instruments=subject.market.instruments,
        prices_ticks=[600_000.0] * len(subject.market.instruments),
    )
    _alive(subject.stage(market).play(), "an empty book")
    _alive(subject.stage(market).play(subject.market.history), "an empty book after a lively past")


def _refused(subject: StrategySubject) -> None:
    _alive(subject.stage(deposit=_PENNY).play(), "an account with a cent of cash: the venue rejects")
    refusing = RiskLimits(order_notional=_PENNY)
    _alive(subject.stage(limits=refusing).play(), "a gate that denies every order")
    denying = RiskLimits(orders_per_second=1, open_orders=1)
    _alive(subject.stage(limits=denying).play(), "a gate that lets one order through")
    halted = RiskLimits(drawdown=1e-9)
    _alive(subject.stage(limits=halted).play(), "an account halted at the first loss")


def _partial(subject: StrategySubject) -> None:
    instruments = subject.market.instruments
    market = still_market(
        subject.duration_ns, instruments=instruments, prices_ticks=[600_000.0] * len(instruments)
    )
    thin = Player("thin", ThinBook(StrategyConfig()), deposit=1_000_000)
    tempting = Player("tempting", Tempter(StrategyConfig()), deposit=1_000_000)
    _alive(subject.stage(market, thin, tempting).play(subject.market.history), "a book of single lots")


def _tidy(subject: StrategySubject) -> None:
    left = subject.played.simulation.side.kernel.exchange.open_orders("bot")
    expect(not left, f"expected no order to rest after the stop, was {len(left)}")


def _bounded(subject: StrategySubject) -> None:
    host = subject.played.hosts[0]
    seconds = subject.duration_ns / 1e9
    rate = host.submitted / seconds
    expect(
        rate <= ORDERS_PER_SECOND_MAXIMUM,
        f"expected at most {ORDERS_PER_SECOND_MAXIMUM:g} orders a second, was {rate:.1f}",
    )
    limited = RiskLimits(open_orders=OPEN_ORDERS_MAXIMUM)
    played = subject.stage(limits=limited).play()
    denied = played.hosts[0].denied - host.denied
    expect(denied <= 0, f"expected at most {OPEN_ORDERS_MAXIMUM} open orders, {denied} went beyond")


def _independent(subject: StrategySubject) -> None:
    market = subject.market
    twins = subject.stage(market, Player("twin", subject.make()))
    played = twins.play()
    for host in played.hosts:
        expect(not host.disqualified, f"two of them in one market: {host.disqualified}")
    first, second = (host.host.strategy for host in played.hosts)
    shared = [
        name
        for name, value in vars(first).items()
        if isinstance(value, list | dict | set) and vars(second).get(name) is value
    ]
    expect(not shared, f"expected two bots to share nothing, was {', '.join(shared)}")


CARDS: Sequence[Card[StrategySubject]] = (
    Card("S01", "configuration is typed and survives a round trip", _configuration),
    Card("S02", "no handler raises in a lively market", _lively),
    Card("S03", "works on every symbol alone", _each_symbol),
    Card("S04", "two runs make the same decisions", _deterministic),
    Card("S05", "goes on from save and load half-way", _resumable),
    Card("S06", "survives a market without history", _young),
    Card("S07", "survives an empty book", _empty),
    Card("S08", "survives rejections, denials and a halt", _refused),
    Card("S09", "survives partial fills", _partial),
    Card("S10", "leaves no orders behind at the stop", _tidy),
    Card("S11", "keeps the number of orders bounded", _bounded),
    Card("S12", "instances share nothing", _independent),
)
