"""A bot that computes until somebody lets it go."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec

from exchange_sim.markets.duration import SECOND_NS
from exchange_sim.model.enums import Side
from exchange_sim.model.instrument import Instrument
from exchange_sim.model.market import BookSnapshot
from strategies.api import Context, Strategy, StrategyConfig, Subscription, books

_CLOSES_AT = 3


class GateConfig(StrategyConfig, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`folder` is where it meets whoever watches, `lots` what it bids for at every snapshot."""

    folder: str
    lots: Annotated[int, msgspec.Meta(ge=1, le=100)] = 10


class Gate(Strategy[GateConfig]):
    """Bids at every snapshot; at the third it rings `bell`, a pipe, and computes until there is a file `go`.

    It does so once: another process that takes its place finds `came` and passes.
    """

    seen = 0

    def subscriptions(self, instruments: Sequence[Instrument]) -> Sequence[Subscription]:
        return [books(instruments[0].instrument_id, SECOND_NS, depth=3)]

    def on_book(self, ctx: Context, book: BookSnapshot) -> None:
        self.seen += 1
        ctx.submit_limit(book.instrument_id, Side.BUY, self.config.lots, book.bids[0][0] - 500)
        folder = Path(self.config.folder)
        if self.seen == _CLOSES_AT and not (folder / "came").exists():
            (folder / "came").touch()
            (folder / "bell").write_text("here")
            while not (folder / "go").exists():
                pass
            (folder / "gone").touch()
