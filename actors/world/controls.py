"""What can be done to a match while it is played, wherever it is played."""

from __future__ import annotations

import threading
from typing import Protocol

from actors.helm import Wheel
from actors.match import MatchRun
from actors.match_config import MatchSpec
from actors.seating import first_account
from actors.world.crew_seat import figures_of
from actors.world.setup import AccountFigures
from actors.world.world import WorldStatus, WorldStoppedError
from exchange_sim.ports import Steering


class Controls(Protocol):
    """Somebody who plays a match; the methods may be called from any thread and answer at once."""

    def status(self) -> WorldStatus:
        """Return how it stands."""

    def pause(self) -> None:
        """Let no further window begin until `resume`. Nothing of the result changes."""

    def resume(self) -> None:
        """Go on."""

    def stop(self) -> None:
        """End at the next edge of a window."""

    def steer(self, name: str, steering: Steering) -> None:
        """Let something be done to an account at the next edge of a window.

        Raises
        ------
        ValueError
            There is no such account or action.
        """


class MatchControls:
    """Controls of a match that is played in this process; `actors.helm.Hands` of `run_match`.

    Parameters
    ----------
    spec
        Of the match.
    """

    def __init__(self, spec: MatchSpec) -> None:
        self.helm = Wheel()
        self._names = [bot.name for bot in spec.bots]
        self._run: MatchRun | None = None
        self._go = threading.Event()
        self._go.set()
        self._stopping = False
        self._seen: tuple[float, tuple[AccountFigures, ...], tuple[int, ...]] = (0.0, (), ())

    def begin(self, match: MatchRun) -> None:
        """Meet the match; see `actors.helm.Hands`."""
        self.helm.first_account = first_account(match.spec, match.kernel)
        self._run = match

    def pace(self, limit_ns: int) -> None:  # noqa: ARG002 - every window waits alike
        """Wait where it is paused.

        Raises
        ------
        WorldStoppedError
            `stop` was called.
        """
        self._go.wait()
        if self._stopping:
            raise WorldStoppedError("stopped; nothing is kept of a match that is played in one process")

    def look(self, share: float) -> None:
        """Take the accounts' figures, in the thread that plays; `share` of the bots' span is done."""
        if self._run is not None:
            hosts = self._run.hosts
            equities = tuple(host.host.portfolio.equity_atoms() for host in hosts)
            self._seen = (share, tuple(map(figures_of, hosts)), equities)

    def status(self) -> WorldStatus:
        run = self._run
        if run is None:
            return WorldStatus(placement="process", state="starting")
        share, accounts, equities = self._seen
        return WorldStatus(
            placement="process",
            state="playing" if self._go.is_set() else "paused",
            share=share,
            now_ns=run.simulation.side.now_ns,
            windows=run.windows,
            accounts=accounts,
            equity_atoms=equities,
        )

    def pause(self) -> None:
        self._go.clear()

    def resume(self) -> None:
        self._go.set()

    def stop(self) -> None:
        self._stopping = True
        self._go.set()

    def steer(self, name: str, steering: Steering) -> None:
        self.helm.put(self._names.index(name), steering)
