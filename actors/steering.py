"""What somebody from outside may do to an account while it plays."""

from __future__ import annotations

from collections.abc import Sequence

from actors.faults import StrategySetupError
from actors.strategy_host import StrategyHost
from actors.strategy_setup import reconfigured
from exchange_sim.journal import JournalStream, Steered
from exchange_sim.model.codec import decode_commands
from exchange_sim.model.commands import Command
from exchange_sim.ports import Steering


class Steersman:
    """Acts on one account, and takes it down: a replay does the same at the same instants.

    While paused, a strategy hears everything and its new orders are denied. What cannot be done leaves
    everything as it was.

    Parameters
    ----------
    host
        The account's.
    journal
        Takes what is done.

    Attributes
    ----------
    refused
        Why the last thing could not be done; empty if it could.
    """

    def __init__(self, host: StrategyHost, journal: JournalStream) -> None:
        self.refused = ""
        self._host = host
        self._journal = journal

    def do(self, now_ns: int, steering: Steering) -> None:
        """Do it now; see `exchange_sim.ports.Steering`."""
        host = self._host
        host.context.now_ns = now_ns
        self._journal.records.append(Steered(host.account_id, now_ns, steering.action, steering.values))
        self.refused = ""
        if host.disqualified or host.stopped:
            self.refused = "expected a bot that is playing, was one that has ended"
        elif steering.action == "pause":
            host.gate.pause()
        elif steering.action == "resume":
            host.gate.resume()
        elif steering.action == "stop":
            host.retire(now_ns)
        elif steering.action == "enter":
            self._enter(decode_commands(steering.values))
        else:
            try:
                host.replace_strategy(reconfigured(host.strategy, steering.values))
            except StrategySetupError as error:
                self.refused = str(error)
        self._journal.flush()

    def _enter(self, commands: Sequence[Command]) -> None:
        for command in commands:
            if not self._host.disqualified:
                self._host.enter(command)
