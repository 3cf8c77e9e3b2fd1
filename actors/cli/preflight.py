"""Finds out before anything is played whether recorded bars and series are there and usable."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from actors.cli.errors import CommandError
from actors.config import SyntheticMarket, digest_of
from actors.match_config import MatchSpec
from exchange_sim.markets.build import build_market


def check_markets(matches: Iterable[MatchSpec], data: Path | None) -> None:
    """Build every market of the matches that uses recorded data once.

    A wrong folder or file is then one line at once, in place of one failed match after another.

    Raises
    ------
    CommandError
        A market of recorded data has no data folder, or ends too early.
    BarsError
        Bars are missing, ambiguous, too short or impossible.
    DepthError
        Recorded depth or trades are missing, ambiguous, too short or impossible.
    SeriesError
        A recorded series cannot be used.
    """
    seen: set[tuple[str, int]] = set()
    for match in matches:
        market, duration_ns = match.market, match.settings.duration_ns
        recorded = not isinstance(market, SyntheticMarket) or market.series
        if not recorded or (digest_of(market), duration_ns) in seen:
            continue
        seen.add((digest_of(market), duration_ns))
        try:
            build_market(market, duration_ns, match.seed, data)
        except ValueError as error:
            raise CommandError(str(error)) from error
