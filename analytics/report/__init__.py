"""Reports: one HTML file each, complete in itself, for a match, a tournament and a search.

The callers gather plain values into `MatchReport`, `TournamentReport` or `SearchReport` and hand them to
`write_match`, `write_tournament` or `write_search`. Long series are drawn by their extremes and markers
are thinned; the page says where. A report of the same content is the same bytes.
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
from analytics.report.match import write_match
from analytics.report.search import write_search
from analytics.report.tournament import write_tournament

__all__ = [
    "NOT_MODELLED",
    "BotOutcome",
    "Curve",
    "FormatOutcome",
    "MarketSeries",
    "MatchReport",
    "Provenance",
    "SearchReport",
    "TournamentReport",
    "Trial",
    "write_match",
    "write_search",
    "write_tournament",
]
