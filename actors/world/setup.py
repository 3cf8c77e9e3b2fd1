"""What the parts of a world are built from."""

from __future__ import annotations

from pathlib import Path

import msgspec

from actors.bot_output import BotLine
from actors.match_config import MatchSpec
from exchange_sim.model.instrument import Instrument
from exchange_sim.ports import Wishes


class SeatError(RuntimeError):
    """A part that was rebuilt does not do again what it did: something in it is not deterministic."""


class WorldSetup(msgspec.Struct, frozen=True, kw_only=True):
    """What every part is told.

    Parameters
    ----------
    spec
        The match; latencies in files have been read.
    data_folder
        Folder of recorded data, the same path on every node.
    working_folder, search_path
        Where a user's own strategies are found.
    engine_journal
        Journal what the exchange does, besides what the accounts do.
    """

    spec: MatchSpec
    data_folder: str | None = None
    working_folder: str | None = None
    search_path: tuple[str, ...] = ()
    engine_journal: bool = False

    @property
    def data(self) -> Path | None:
        return None if self.data_folder is None else Path(self.data_folder)


class MarketFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the parts need to know of the market.

    `given` is encoded by `exchange_sim.given`, `header` is the journal's as MessagePack, `payloads` are the
    journal's first frames.
    """

    instruments: tuple[Instrument, ...]
    first_account: int
    snapshot_depth: int
    given: bytes
    header: bytes
    payloads: tuple[bytes, ...]


class CrewFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the conductor needs to know of a crew: what its participants want to hear, by account."""

    wishes: dict[int, Wishes]


class Answer(msgspec.Struct, frozen=True, array_like=True):
    """What a crew has done: COMMAND rows, when something is due next, and frames for the journal.

    `refused` is why a steering could not be done, empty if it could; `said` is what the bots have printed.
    """

    commands: bytes
    due_ns: int
    payloads: tuple[bytes, ...]
    refused: str = ""
    said: tuple[BotLine, ...] = ()


class AccountFigures(msgspec.Struct, frozen=True, kw_only=True):
    """An account as somebody who watches sees it; `positions_lots` by instrument, flat ones left out.

    `position_atoms` is the positions' value at the marks; `denied` orders were refused by the account's risk
    gate, `rejected` ones by the exchange.
    """

    name: str
    strategy: str
    positions_lots: dict[str, int]
    open_orders: int
    fills: int
    orders: int
    denied: int
    rejected: int
    position_atoms: int
    paused: bool
    stopped: bool
    disqualified: str
