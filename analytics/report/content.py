"""What goes into a report: plain values, the same whoever gathers them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from analytics.leaderboard import Leaderboard
from analytics.match_table import MatchRow
from analytics.search import SearchVerdict

NOT_MODELLED = (
    "Hidden behaviour of real venues: undisclosed order types, internal netting, outages.",
    "Co-location effects below the latency model that the configuration names.",
    "How people would react to these bots, outside the pull of the recorded history on an anchored market.",
    "Credit and settlement risk.",
)
"""Limits of every simulated market, to be said in every report that shows one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where the figures come from, so that a reader can make them again.

    `facts` are shown as given, in order: seeds, digests, versions. `configuration` is the file's text.
    `not_modelled` are sentences; the defaults hold for every simulated market.
    """

    facts: Mapping[str, str]
    configuration: str = ""
    not_modelled: Sequence[str] = NOT_MODELLED


@dataclass(frozen=True, slots=True, kw_only=True)
class BotOutcome:
    """What an account's curves and fills do not tell. `disqualified` is empty or the reason.

    Money is in the settlement asset: `insurance` is what went to the insurance fund less what came from it,
    `funding` what was paid less what was received.
    """

    name: str
    strategy: str = ""
    orders: int = 0
    denied: int = 0
    rejected: int = 0
    canceled: int = 0
    liquidations: int = 0
    insurance: float = 0.0
    deleveraged: int = 0
    funding: float = 0.0
    disqualified: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketSeries:
    """One instrument at its sampling times.

    `samples` is a structured array or DataFrame with `ts_ns, bid, ask, last, volume, bid_depth, ask_depth`:
    prices NaN where the side is empty, `volume` base units since the previous sample, depths base units
    resting near the touch.
    """

    instrument: str
    samples: npt.NDArray[np.void] | pd.DataFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchReport:
    """One match. `equity` is float64[n, bots] at `times_ns`; `fills` as in `analytics.trades`, with `bot` and
    `instrument` indexes into `bots` and `markets`; where there is a column `client_order_id`, it is 0 for
    what the exchange closed. `currency` names the settlement asset.
    """

    title: str
    provenance: Provenance
    bots: Sequence[BotOutcome]
    times_ns: npt.NDArray[np.int64]
    equity: npt.NDArray[np.float64]
    fills: npt.NDArray[np.void] | pd.DataFrame
    markets: Sequence[MarketSeries]
    currency: str = "USDT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One bot's equity in one match: int64[n] times and float64[n] values."""

    times_ns: npt.NDArray[np.int64]
    equity: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class FormatOutcome:
    """The matches of one format (melee, solo, leave-one-out), each format with its own leaderboard.

    `curves` may hold any number of matches per bot, or none; fans are drawn from them.
    """

    name: str
    leaderboard: Leaderboard
    rows: Sequence[MatchRow]
    curves: Mapping[str, Sequence[Curve]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TournamentReport:
    """A tournament. `effects` is the table of `analytics.interaction.removal_effects`, where there is one.

    `example` is one of the matches in full, its bots in the order of their names, so that they have the
    colours of the other figures.
    """

    title: str
    provenance: Provenance
    formats: Sequence[FormatOutcome]
    effects: pd.DataFrame | None = None
    example: MatchReport | None = None
    currency: str = "USDT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One configuration that was tried. `scores` has one entry per seed, NaN where it failed.

    `objective` is what the search maximised; it may subtract penalties from the mean of the scores.
    """

    number: int
    parameters: Mapping[str, object]
    scores: Sequence[float]
    objective: float
    failure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchReport:
    """A search. `metric` says in words what a score is; `percent` shows scores as percentages.

    `verdict` is None where no trial was complete; its `best` is the number of a trial.
    `best_configuration` is the text of the file the search wrote.
    """

    title: str
    provenance: Provenance
    bot: str
    metric: str
    trials: Sequence[Trial]
    verdict: SearchVerdict | None
    percent: bool = True
    best_configuration: str = ""
