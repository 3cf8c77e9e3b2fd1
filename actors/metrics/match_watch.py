"""Reports a match while it is played: its accounts at the samples of the equity, about once a second."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Protocol

from actors.host import AccountHost
from actors.metrics.report import Metrics
from exchange_sim.model.instrument import ASSET_SCALE

_EVERY_S = 1.0
_ATOMS = 10.0**ASSET_SCALE


class WatchedMatch(Protocol):
    """A match under way: `actors.match.MatchRun`."""

    @property
    def hosts(self) -> Sequence[AccountHost]: ...
    @property
    def windows(self) -> int: ...
    @property
    def events(self) -> int: ...


class MatchWatch:
    """What a match calls at every sample of its equity.

    Peaks are kept at every call, figures leave about once a second: short matches share a watch and cost next
    to nothing.

    Parameters
    ----------
    metrics
        Where figures go.
    run
        Name of the run.
    """

    def __init__(self, metrics: Metrics, run: str) -> None:
        self._metrics = metrics
        self._run = run
        self._peaks: list[int] = []
        self._next_s = 0.0
        self.lag_s: Callable[[], float] | None = None
        """Tells how late a market is that is slaved to the wall clock."""
        self._then = (0.0, 0, 0)  # wall time, windows and events of the last report of this match

    def begin(self, match: WatchedMatch) -> None:
        """Meet the next match, whose bots have not started yet."""
        for host in match.hosts:
            self._metrics.begin_market(self._run, host.account_id)
        self._peaks = [host.host.portfolio.equity_atoms() for host in match.hosts]
        self._then = (time.perf_counter(), match.windows, match.events)

    def told(self, match: WatchedMatch, progress: Callable[[float], None] | None) -> Callable[[float], None]:
        """Return what the match tells its progress: this watch, and `progress`."""

        def step(share: float) -> None:
            self._sample(match)
            if progress is not None:
                progress(share)

        return step

    def _sample(self, match: WatchedMatch) -> None:
        """Look at the accounts, and report them if it is time to."""
        equities = [host.host.portfolio.equity_atoms() for host in match.hosts]
        self._peaks = list(map(max, self._peaks, equities))
        now_s = time.perf_counter()
        if now_s >= self._next_s:
            self._next_s = now_s + _EVERY_S
            self._report(match, equities, now_s)

    def end(self, match: WatchedMatch) -> None:
        """Report what the accounts have at the end, and which were taken out."""
        for host in match.hosts:
            if host.disqualified:
                self._metrics.report_disqualified(self._run, host.account_id)
        self._report(match, [host.host.portfolio.equity_atoms() for host in match.hosts], time.perf_counter())

    def _report(self, match: WatchedMatch, equities: Sequence[int], now_s: float) -> None:
        since_s, windows, events = self._then
        span_s = now_s - since_s
        if span_s > 0:
            lag_s = None if self.lag_s is None else self.lag_s()
            self._metrics.report_world(
                self._run, (match.windows - windows) / span_s, (match.events - events) / span_s, lag_s
            )
        self._then = (now_s, match.windows, match.events)
        for host, equity, peak in zip(match.hosts, equities, self._peaks, strict=True):
            tracker, portfolio = host.host.tracker, host.host.portfolio
            self._metrics.report_account(
                self._run,
                host.account_id,
                equity / _ATOMS,
                portfolio.position_value_atoms() / _ATOMS,
                sum(each.fills for each in portfolio.positions.values()),
                tracker.denied + tracker.rejected,
                max(0.0, 1.0 - equity / peak) if peak > 0 else 0.0,
            )
