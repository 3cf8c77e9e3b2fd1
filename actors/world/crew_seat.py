"""Accounts of a world that share a process, as a plain class; an actor is a shell around it."""

from __future__ import annotations

import io
import time
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

import numpy as np

from actors.host import AccountHost
from actors.match_result import AccountReport, account_report
from actors.player import enter_folder
from actors.seating import build_host, build_strategy
from actors.world.setup import AccountFigures, Answer, CrewFacts, MarketFacts, SeatError, WorldSetup
from actors.world.steps import Advanced, Begun, Ended, Steered, Step, split_steps
from exchange_sim.crew import Crew, News, NewsFilter
from exchange_sim.engine.layout import COMMAND
from exchange_sim.given import decode_given
from exchange_sim.journal import JournalStream
from exchange_sim.ports import Steering

Expelled = Sequence[tuple[int, str]]
"""Accounts to be taken out, with the reason."""


class CrewSeat:
    """Accounts of a world that share a process.

    Parameters
    ----------
    setup
        Of the world.
    seats
        Places of the accounts' bots in the match.
    facts
        Of the market.

    Raises
    ------
    ConfigError, StrategySetupError
        A strategy cannot be found on this machine, or does not take its configuration.
    """

    def __init__(self, setup: WorldSetup, seats: Sequence[int], facts: MarketFacts) -> None:
        enter_folder(setup)
        self._given = decode_given(facts.given)
        self._payloads: list[bytes] = []
        self._sent_before = b""
        self._hosts: dict[int, AccountHost] = {}
        for seat in seats:
            self._hosts[facts.first_account + seat] = build_host(
                setup.spec,
                seat,
                build_strategy(setup.spec, seat),
                facts.instruments,
                facts.first_account + seat,
                JournalStream(seat, self._payloads.append),
                self._given,
            )
        self._crew = Crew(self._hosts, facts.snapshot_depth)
        self._filter = NewsFilter(self._crew.wishes)

    def facts(self) -> CrewFacts:
        """Return what the conductor needs to know."""
        return CrewFacts(wishes=self._crew.wishes)

    def start(self, begun: Begun, expelled: Expelled) -> Answer:
        """Start the participants, but those that are expelled."""
        self._start(begun, expelled)
        return self._answer()

    def start_to(self, account: int, begun: Begun, expelled: Expelled) -> Answer:
        """Do of `start` what concerns one account."""
        self._expel(expelled, begun.start_ns)
        self._crew.start_one(account, begun.start_ns, decode_given(begun.given).history)
        return self._answer()

    def send(self, fields: tuple[Any, ...], expelled: Expelled) -> Answer:
        """Take accounts out, then do what is due; `fields` are those of `News`."""
        news = News(*fields)
        self._expel(expelled, news.until_ns)
        self._crew.send(news)
        return self._answer()

    def send_to(self, account: int, fields: tuple[Any, ...], expelled: Expelled) -> Answer:
        """Do of `send` what concerns one account."""
        news = News(*fields)
        self._expel(expelled, news.until_ns)
        self._crew.send_to(account, news)
        return self._answer()

    def steer(self, account: int, steering: Steering, now_ns: int) -> Answer:
        self._crew.steer(account, steering, now_ns)
        host = self._hosts[account]
        refused = host.steersman.refused
        return self._answer(refused and f"{host.account_id}: {steering.action} was refused: {refused}")

    def stop(self, end_ns: int) -> Answer:
        self._crew.stop(end_ns)
        return self._answer()

    def figures(self) -> tuple[AccountFigures, ...]:
        """Return the accounts as they are now."""
        return tuple(figures_of(host) for host in self._hosts.values())

    def finish(self) -> tuple[tuple[AccountReport, ...], tuple[bytes, ...], float]:
        """Return the accounts' reports, the last frames for the journal, and processor seconds used."""
        for host in self._hosts.values():
            host.flush()
        payloads = self._answer().payloads
        return tuple(map(account_report, self._hosts.values())), payloads, time.process_time()

    def catch_up(self, joined: bytes) -> None:
        """Do again what was done; what bots print is not shown again."""
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            for step in split_steps(joined):
                self._repeat(step)
        self._payloads.clear()
        self._sent_before += self._crew.receive()

    def standing(self) -> Answer:
        """Return what was sent since the last window on the tape, and when something is due."""
        return Answer(self._sent_before, self._crew.due_ns, ())

    def _repeat(self, step: Step) -> None:
        crew = self._crew
        if isinstance(step, Begun):
            self._start(step, step.expelled)
        elif isinstance(step, Advanced):
            self._check_sent(step.commands)
            self._expel(step.expelled, step.until_ns)
            part = self._filter.part(step.news)
            if part is not None or crew.due_ns < step.until_ns:
                crew.send(part or News(step.until_ns))
        elif isinstance(step, Steered):
            if step.account in self._hosts:
                crew.steer(step.account, step.steering, step.now_ns)
        elif isinstance(step, Ended):
            crew.stop(step.end_ns)

    def _check_sent(self, pushed: bytes) -> None:
        """Hold what was sent since the last window to what was pushed to the market then.

        Raises
        ------
        SeatError
            It is something else.
        """
        sent = self._sent_before + self._crew.receive()
        self._sent_before = b""
        rows = np.frombuffer(pushed, COMMAND)
        if sent != rows[np.isin(rows["account"], list(self._hosts))].tobytes():
            names = ", ".join(host.account_id for host in self._hosts.values())
            raise SeatError(
                f"{names}: expected bots that do again what they did, was one that depends on more than "
                f"what it hears"
            )

    def _start(self, begun: Begun, expelled: Expelled) -> None:
        self._expel(expelled, begun.start_ns)
        out = {account for account, _ in expelled}
        history = decode_given(begun.given).history
        for account in self._hosts:
            if account not in out:
                self._crew.start_one(account, begun.start_ns, history)

    def _expel(self, expelled: Expelled, now_ns: int) -> None:
        for account, reason in expelled:
            if account in self._hosts:
                self._crew.expel(account, now_ns, reason)

    def _answer(self, refused: str = "") -> Answer:
        payloads = tuple(self._payloads)
        self._payloads.clear()
        return Answer(self._crew.receive(), self._crew.due_ns, payloads, refused)


def figures_of(host: AccountHost) -> AccountFigures:
    """Return an account as it is now."""
    account = host.host
    positions = {str(name): each.lots for name, each in account.portfolio.positions.items() if each.lots}
    return AccountFigures(
        name=host.account_id,
        strategy=type(account.strategy).__name__,
        positions_lots=positions,
        open_orders=len(account.tracker.open),
        fills=sum(each.fills for each in account.portfolio.positions.values()),
        orders=host.submitted,
        denied=host.denied,
        rejected=account.tracker.rejected,
        position_atoms=account.portfolio.position_value_atoms(),
        paused=account.gate.paused,
        stopped=account.stopped,
        disqualified=host.disqualified,
    )
