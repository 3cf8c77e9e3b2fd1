"""Participants that share a process, as the window loop meets them: news in, commands out.

A crew decodes what the exchange published once for all its participants. Which participants share a crew
changes nothing: each sees its own rows in the order in which they were published, and the commands of
different accounts are ordered by their content.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from exchange_sim.kernel.outputs import ORDER_EVENT, snapshot_dtype
from exchange_sim.markets.history import History
from exchange_sim.ports import NEVER_NS, Participant, Rows, Steering, Wishes

_ORDER_EVENT = struct.Struct("<7qihBBq")
_ACCOUNT = 7  # place in an order event
_TRADE = struct.Struct("<4q2i")
_QUOTE = struct.Struct("<6q")
_BAR = struct.Struct("<7q2i")

KINDS = ("bars", "books", "trades", "quotes")
"""What an exchange publishes to whoever asked for it, besides own events."""


class News(NamedTuple):
    """What the exchange published until `until_ns`: rows of `exchange_sim.kernel.outputs` as bytes.

    `order_events` are those of the crew's accounts; `series` rows are those of
    `exchange_sim.series.SeriesBoard`.
    """

    until_ns: int
    order_events: bytes = b""
    bars: bytes = b""
    books: bytes = b""
    trades: bytes = b""
    quotes: bytes = b""
    series: Rows = ()


class NewsFilter:
    """Tells what of the news is for a crew.

    Parameters
    ----------
    wishes
        Of its participants, by account.
    """

    def __init__(self, wishes: Mapping[int, Wishes]) -> None:
        self._mine = np.zeros(max(wishes, default=0) + 1, np.bool_)
        self._mine[list(wishes)] = True
        self._kinds = [
            (News._fields.index(kind), kind)
            for kind in (*KINDS, "series")
            if any(getattr(wish, kind) for wish in wishes.values())
        ]

    def part(self, news: News) -> News | None:
        """Return what is for the crew, None for nothing."""
        wanted: dict[str, Any] = {kind: news[place] for place, kind in self._kinds if news[place]}
        if news.order_events:
            rows = np.frombuffer(news.order_events, ORDER_EVENT)
            accounts = rows["account"]
            own = rows[self._mine[np.minimum(accounts, len(self._mine) - 1)] & (accounts < len(self._mine))]
            if len(own):
                wanted["order_events"] = own.tobytes()
        return News(news.until_ns, **wanted) if wanted else None


class Crew:
    """Participants by the numbers of their accounts.

    Parameters
    ----------
    participants
        At most one an account.
    snapshot_depth
        Levels a side in the rows of books.

    Attributes
    ----------
    due_ns
        When one of them has something to do next, `NEVER_NS` if nothing is due.
    """

    def __init__(self, participants: Mapping[int, Participant], snapshot_depth: int) -> None:
        self.participants = dict(participants)
        self.wishes = {account: each.wishes for account, each in self.participants.items()}
        self.due_ns = NEVER_NS
        self._due = dict.fromkeys(self.participants, NEVER_NS)
        book = struct.Struct(f"<{snapshot_dtype(snapshot_depth).itemsize // 8}q")
        layouts = {"bars": _BAR, "books": book, "trades": _TRADE, "quotes": _QUOTE}
        self._feeds = [(News._fields.index(kind), kind, layouts[kind].iter_unpack) for kind in KINDS]
        kinds = (*KINDS, "series")
        self._wanted = {
            account: tuple(kind for kind in kinds if getattr(wish, kind))
            for account, wish in self.wishes.items()
        }
        self._commands: list[bytes] = []

    @property
    def accounts(self) -> Sequence[int]:
        return tuple(self.participants)

    def start(self, now_ns: int, history: History) -> None:
        """Begin, warmed up with the market's history."""
        for account in self.participants:
            self.start_one(account, now_ns, history)

    def start_one(self, account: int, now_ns: int, history: History) -> None:
        """Begin with one participant."""
        participant = self.participants[account]
        participant.start(now_ns, history)
        self._due[account] = participant.next_time_ns()
        self._look()

    def send(self, news: News) -> None:
        """Take the news and do all that is due before their `until_ns`; `receive` has what is sent."""
        self._hand_out(news, self._wanted)
        until_ns = news.until_ns
        for account, due_ns in self._due.items():
            if due_ns < until_ns:
                self._run(account, until_ns)
        self._look()

    def send_to(self, account: int, news: News) -> None:
        """Do of `send` what concerns one account: done for each, it is the same."""
        self._hand_out(news, (account,))
        if self._due[account] < news.until_ns:
            self._run(account, news.until_ns)
        self._look()

    def _run(self, account: int, until_ns: int) -> None:
        participant = self.participants[account]
        self._commands.append(participant.run(until_ns))
        self._due[account] = participant.next_time_ns()

    def expel(self, account: int, now_ns: int, reason: str) -> None:
        """Take a participant out before it does what is due until `now_ns`; `receive` has its cancels."""
        participant = self.participants[account]
        self._commands.append(participant.leave(now_ns, reason))
        self._due[account] = participant.next_time_ns()
        self._look()

    def steer(self, account: int, steering: Steering, now_ns: int) -> None:
        """Let somebody from outside act on a participant; `receive` has what it sends."""
        participant = self.participants[account]
        self._commands.append(participant.steer(now_ns, steering))
        self._due[account] = participant.next_time_ns()
        self._look()

    def stop(self, now_ns: int) -> None:
        """End; `receive` has the last commands. What is still sent only keeps the books right."""
        for account, participant in self.participants.items():
            self._commands.append(participant.stop(now_ns))
            self._due[account] = participant.next_time_ns()
        self._look()

    def receive(self) -> bytes:
        """Return, once, the COMMAND rows that were sent; those of an account are in order of sending."""
        commands = b"".join(self._commands)
        self._commands.clear()
        return commands

    def look_again(self, account: int) -> None:
        """Ask a participant anew what is due, after somebody else has made it act."""
        self._due[account] = self.participants[account].next_time_ns()
        self._look()

    def _look(self) -> None:
        self.due_ns = min(self._due.values(), default=NEVER_NS)

    def _hand_out(self, news: News, accounts: Iterable[int]) -> None:
        published: dict[str, Rows] = {}
        for place, kind, unpack in self._feeds:
            rows = news[place]
            if rows:
                published[kind] = tuple(unpack(rows))  # type: ignore[arg-type]  # these are bytes
        if news.series:
            published["series"] = news.series
        own: dict[int, list[tuple[int, ...]]] = {}
        for row in _ORDER_EVENT.iter_unpack(news.order_events):
            account = row[_ACCOUNT]
            if account in own:
                own[account].append(row)
            else:
                own[account] = [row]
        if not published and accounts is self._wanted:
            for account, rows_of_it in own.items():
                self._enqueue(account, rows_of_it, {})
            return
        for account in accounts:
            wanted = {kind: published[kind] for kind in self._wanted[account] if kind in published}
            if wanted or account in own:
                self._enqueue(account, own.get(account, ()), wanted)

    def _enqueue(self, account: int, order_events: Rows, wanted: dict[str, Rows]) -> None:
        participant = self.participants[account]
        participant.enqueue(order_events=order_events, **wanted)
        self._due[account] = participant.next_time_ns()
