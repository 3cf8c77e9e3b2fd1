"""Reports: one HTML file each, complete in itself, for a match, a tournament, a search and a fork.

The callers gather plain values into `MatchReport`, `TournamentReport`, `SearchReport` or `ForkReport` and
hand them to `write_match`, `write_tournament`, `write_search` or `write_fork`. Long series are drawn by
their extremes and markers are thinned; the page says where. A report of the same content is the same bytes.
"""

from analytics.report.content import (
    NOT_MODELLED,
    BotOutcome,
    Curve,
    FormatOutcome,
    MarketSeries,
    MatchReport,
    Provenance,
    SearchReport,
    TournamentReport,
    Trial,
)
from analytics.report.fork import ForkReport, FutureHolder, FuturePrices, write_fork
from analytics.report.match import write_match
from analytics.report.search import write_search
from analytics.report.tournament import write_tournament

__all__ = [
    "NOT_MODELLED",
    "BotOutcome",
    "Curve",
    "ForkReport",
    "FormatOutcome",
    "FutureHolder",
    "FuturePrices",
    "MarketSeries",
    "MatchReport",
    "Provenance",
    "SearchReport",
    "TournamentReport",
    "Trial",
    "write_fork",
    "write_match",
    "write_search",
    "write_tournament",
]
