"""One match in configuration: its bots, how long it lasts, what is recorded of it."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

import msgspec

from actors.risk import RiskLimits
from exchange_sim.faults import AccountFaults
from exchange_sim.latency import AccountLatency
from exchange_sim.markets.duration import Duration, parse_duration_ns
from exchange_sim.markets.spec import MarketSpec
from exchange_sim.model.ids import AssetId
from exchange_sim.model.instrument import ASSET_SCALE

NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9 _.+@-]{0,63}$"
Name = Annotated[
    str,
    msgspec.Meta(
        pattern=NAME_PATTERN,
        description="up to 64 letters, digits, spaces and _ . + @ -, a letter or digit first",
    ),
]
Seed = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Count = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]


class BotSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One account and the strategy that trades it.

    Parameters
    ----------
    name
        Unique in a contest; reports, catalogue and random streams know the bot by it.
    strategy
        A built-in name, an entry point's name, `module:Class` or `path/to/file.py:Class`.
    config
        Fields of the strategy's configuration; what is left out has its default.
    latency
        Of messages between the account and the exchange, each way.
    faults
        What goes wrong on the way; left out: nothing.
    risk
        Limits of the account's own risk gate.
    deposit
        Cash at the start, in the settlement asset.
    holdings
        What else it has at the start: amounts of the base assets of spot pairs, by asset.
    """

    name: Name
    strategy: Annotated[str, msgspec.Meta(min_length=1)]
    config: dict[str, Any] = {}
    latency: AccountLatency = AccountLatency()
    faults: AccountFaults | None = None
    risk: RiskLimits = RiskLimits()
    deposit: Decimal = Decimal(100_000)
    holdings: dict[str, Decimal] = {}

    def __post_init__(self) -> None:
        if not self.deposit.is_finite() or self.deposit <= 0:
            raise ValueError(f"deposit: expected a positive number, was {self.deposit}")
        for asset, amount in self.holdings.items():
            if not amount.is_finite() or amount <= 0:
                raise ValueError(f"holdings.{asset}: expected a positive number, was {amount}")

    @property
    def deposit_atoms(self) -> int:
        return int(self.deposit * 10**ASSET_SCALE)

    @property
    def holdings_atoms(self) -> dict[AssetId, int]:
        """Holdings by asset; those too small for an atom are left out."""
        atoms = {AssetId(asset): int(amount * 10**ASSET_SCALE) for asset, amount in self.holdings.items()}
        return {asset: amount for asset, amount in atoms.items() if amount}


class MatchSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long a match lasts and what is recorded of it.

    Parameters
    ----------
    duration
        Simulated span the bots may trade in; the market's history comes before it.
    equity_interval, market_interval
        Grids of the recorded equity curves and of the recorded prices.
    book_interval, book_depth
        Grid of the book snapshots that strategies can subscribe to, and levels a side.
    handler_limit_s
        Processor seconds after which a handler that has not returned disqualifies its bot.
    outbox_limit
        Commands one handler call may send before its bot is disqualified.
    """

    duration: Duration = "10m"
    equity_interval: Duration = "10s"
    market_interval: Duration = "10s"
    book_interval: Duration = "1s"
    book_depth: Annotated[int, msgspec.Meta(ge=1, le=100)] = 10
    handler_limit_s: Annotated[float, msgspec.Meta(gt=0.0)] = 5.0
    outbox_limit: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 1_000

    def __post_init__(self) -> None:
        for name in ("equity_interval", "market_interval"):
            if parse_duration_ns(getattr(self, name)) > self.duration_ns:
                raise ValueError(
                    f"{name}: expected at most the duration {self.duration!r}, was {getattr(self, name)!r}"
                )

    @property
    def duration_ns(self) -> int:
        return parse_duration_ns(self.duration)

    @property
    def equity_interval_ns(self) -> int:
        return parse_duration_ns(self.equity_interval)

    @property
    def market_interval_ns(self) -> int:
        return parse_duration_ns(self.market_interval)

    @property
    def book_interval_ns(self) -> int:
        return parse_duration_ns(self.book_interval)


class MatchSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One match, resolved: everything its outcome depends on, the data files' content apart.

    `seed` drives the market and its crowd, `bot_seed` (with each bot's name) the bots' own draws and
    latencies. The order of `bots` is the order of the accounts.
    """

    match_id: str
    seed: Seed
    bot_seed: Seed
    market: MarketSpec
    settings: MatchSettings = MatchSettings()
    bots: tuple[BotSpec, ...] = ()

    def __post_init__(self) -> None:
        check_unique_names(self.bots)
        check_holdings(self.bots, (self.market,))


def check_holdings(bots: tuple[BotSpec, ...], markets: tuple[MarketSpec, ...]) -> None:
    """Refuse holdings that cannot be sold in every market.

    Raises
    ------
    ValueError
        An asset is the base of no spot pair of a market.
    """
    for index, bot in enumerate(bots):
        if not bot.holdings:
            continue
        for market in markets:
            bases = sorted({str(each.base) for each in market.contracts() if each.is_spot})
            for asset in bot.holdings:
                if asset not in bases:
                    expected = f"one of {', '.join(bases)}" if bases else "none without spot pairs"
                    raise ValueError(f"bots[{index}].holdings: expected {expected}, was {asset!r}")


def check_unique_names(bots: tuple[BotSpec, ...]) -> None:
    """Refuse two bots with one name.

    Raises
    ------
    ValueError
        A name occurs twice.
    """
    first: dict[str, int] = {}
    for index, bot in enumerate(bots):
        if bot.name in first:
            raise ValueError(
                f"bots[{index}].name: expected a name no other bot has, "
                f"was {bot.name!r} like bots[{first[bot.name]}]"
            )
        first[bot.name] = index
