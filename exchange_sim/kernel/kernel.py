"""The event kernel: an exchange, its background crowd and its clock, advanced window by window."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from exchange_sim.kernel.path import MarketPath
from exchange_sim.model.instrument import Instrument
from exchange_sim.population.species import Population


class Counters(NamedTuple):
    """What has happened since the start."""

    requests: int  # commands that reached the exchange, of the crowd and of accounts
    account_requests: int  # of them, those that were pushed
    actions: int  # times an agent acted
    events: int  # engine events
    trades: int


class Kernel:
    """A market in motion: an exchange, its background agents, and time.

    Everything happens in one order that follows from content alone: by time, then timers of the market (bars
    close and snapshots are taken before anything else of the same ns), then commands arriving (by account, then
    in the order they were sent), then agents acting. The crowd's accounts come first in the exchange, the given
    accounts behind them, and the crowd's random streams are named by instrument and group: an
    account that does nothing changes nothing.

    Parameters
    ----------
    instruments
        What is traded; row i of `path` belongs to instrument i. All settle in one asset.
    path
        Fundamental values and activity; the market runs in `[path.start_ns, path.end_ns]`.
    population
        The background crowd.
    accounts
        (name, deposit in atoms of the settlement asset) of the accounts whose events are handed out.
    seed
        Of the crowd's streams.
    size_scales
        Factor on the crowd's order sizes, inventories and impact sizes, per instrument; None: 1 each.
    snapshot_depth
        Levels per side of a book snapshot.
    sample_interval_ns
        Interval of the samples for reports, 0 for none.

    Raises
    ------
    ValueError
        The path has another number of instruments, an account is named twice, instruments settle in
        different assets, or a number is out of range.
    """

    def __init__(
        self,
        instruments: Sequence[Instrument],
        path: MarketPath,
        population: Population,
        accounts: Sequence[tuple[str, int]] = (),
        *,
        seed: int,
        size_scales: Sequence[float] | None = None,
        snapshot_depth: int = 10,
        sample_interval_ns: int = 0,
    ) -> None:
        raise NotImplementedError

    @property
    def now_ns(self) -> int:
        """Everything before this instant has happened, nothing at or after it."""
        raise NotImplementedError

    def account_index(self, name: str) -> int:
        """Return the number of an account in command and event rows."""
        raise NotImplementedError

    def listen(
        self,
        instrument: int,
        *,
        quotes: bool = False,
        trades: bool = False,
        bars: Sequence[int] = (),
        snapshots: Sequence[int] = (),
    ) -> None:
        """Publish these of an instrument from now on, in addition to what was asked for before.

        `bars` and `snapshots` are intervals in ns, aligned to the epoch. What nobody asked for costs nothing.
        To be called before the first `advance`.
        """
        raise NotImplementedError

    def push(self, commands: np.ndarray) -> None:
        """Queue COMMAND rows of accounts; `ts_ns` is their arrival at the exchange.

        Rows of one account with equal times arrive in the order in which they were pushed.

        Raises
        ------
        ValueError
            A row arrives before `now_ns`, or its account is none of the kernel's `accounts`.
        """
        raise NotImplementedError

    def advance(self, until_ns: int, window_ns: int) -> int:
        """Let everything happen before `until_ns`, or less, and return the instant reached (`now_ns`).

        Time is cut into windows `[k * window_ns, (k + 1) * window_ns)`. The run stops at the end of the first window
        in which something was published for an account: an event of its own, or market data that was
        asked for. So commands that react to it, and travel at least `window_ns`, can still be pushed.
        How a run is cut into calls changes nothing that happens.

        Raises
        ------
        ValueError
            `until_ns` lies before `now_ns` or behind the market's end, or `window_ns` is not positive.
        """
        raise NotImplementedError

    def take_order_events(self) -> np.ndarray:
        """Return and forget the ORDER_EVENT rows of the given accounts, in order."""
        raise NotImplementedError

    def take_trades(self) -> np.ndarray:
        """Return and forget the TRADE rows, in order. Likewise `take_quotes`, `take_bars`,
        `take_snapshots` (rows of `outputs.snapshot_dtype`) and `take_samples`."""
        raise NotImplementedError

    def market_digest(self) -> str:
        """Return 16 hex digits over every engine event since the start, in order."""
        raise NotImplementedError

    @property
    def counters(self) -> Counters:
        raise NotImplementedError
