"""History that plays on around bots: recorded depth, displaced by what bots have bought, less and less."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np

from exchange_sim.engine.exchange import Exchange
from exchange_sim.engine.layout import COMMAND
from exchange_sim.kernel.maths import power
from exchange_sim.model.enums import CommandKind, OrderType, SelfTradePrevention, Side, TimeInForce
from exchange_sim.model.ids import AccountId
from exchange_sim.model.instrument import MAXIMUM_LOTS, MAXIMUM_TICKS, Instrument
from exchange_sim.replay.hybrid.depth import GridDepth
from exchange_sim.replay.hybrid.impact import Impact

ACCOUNT = "history/0"
_DEPOSIT_ATOMS = 2**57
_STEP_IDS = 4_096
"""Client order ids of one step; a step sends fewer commands."""

_SUBMIT, _CANCEL, _MODIFY = int(CommandKind.SUBMIT), int(CommandKind.CANCEL), int(CommandKind.MODIFY)
_FIELDS = ("ts_ns", "client_order_id", "price_ticks", "quantity_lots", "kind", "side", "time_in_force")
_STATE = struct.Struct("<qqd")


class HistoryFeed:
    """Keeps the recorded levels as resting orders of one account, and sends the recorded takers.

    At each instant of its grid it brings its orders to the recorded quantities: what is too much goes from
    the back, what is missing (because the record grew, or because somebody took it) comes as a new order at
    the back. All its prices are displaced by `impact`, a function of what bots have bought net, which is
    forgotten with a half-life. So a bot that buys meets sellers who ask more and more, and when it stops the
    market goes back to the record.

    Attributes
    ----------
    accounts
        One account, with more than it can lose.
    interval_ns
        Grid of the steps.
    depth, impact
        What it plays, and how it answers.
    """

    def __init__(self, depth: GridDepth, instrument: Instrument, impact: Impact) -> None:
        self.accounts = ((ACCOUNT, _DEPOSIT_ATOMS),)
        self.interval_ns = depth.step_ns
        self.depth = depth
        self._instrument = instrument
        self.impact = impact
        self._net_lots = 0
        self._flow = 0.0
        self._looked_ns = depth.start_ns
        self._rows: list[tuple[int, ...]] = []
        self._shift = 0
        self._best = [0, 0]

    def look(self, exchange: Exchange, bots: Sequence[AccountId], now_ns: int) -> None:
        """Take in what bots have bought since the last look, and decide on the step that begins."""
        symbol = self._instrument.instrument_id
        net = sum(exchange.position(bot, symbol).lots for bot in bots)
        self._flow *= power(0.5, (now_ns - self._looked_ns) / self.impact.half_life_ns)
        self._flow += net - self._net_lots
        self._net_lots, self._looked_ns = net, now_ns
        point = min((now_ns - self.depth.start_ns) // self.interval_ns, len(self.depth.levels) - 1)
        sides = self.depth.levels[point]
        best = sides[:, 0, 0]
        middle = float(best.sum()) / 2.0 if best.all() else float(best.max())
        self._shift = self.impact.ticks(self._flow, middle)
        self._rows = []
        wanted: dict[tuple[int, int], int] = {}
        for side in (Side.BUY, Side.SELL):
            for price, lots in sides[side].tolist():
                if lots and 1 <= price + self._shift <= MAXIMUM_TICKS:
                    wanted[int(side), price + self._shift] = min(lots, MAXIMUM_LOTS // 64)
        self._adjust(exchange, wanted, now_ns)
        self._best = [int(price) + self._shift if price else 0 for price in best]

    def state(self) -> bytes:
        """Return what it remembers from step to step."""
        return _STATE.pack(self._net_lots, self._looked_ns, self._flow)

    def load(self, state: bytes) -> None:
        """Go on from what `state` returned."""
        self._net_lots, self._looked_ns, self._flow = _STATE.unpack(state)

    def _adjust(self, exchange: Exchange, wanted: dict[tuple[int, int], int], now_ns: int) -> None:
        """Write the commands that make own orders those wanted: taking away first."""
        first_id = (now_ns // self.interval_ns) * _STEP_IDS + 1
        missing = dict(wanted)
        own = exchange.open_orders(ACCOUNT, self._instrument.instrument_id)
        taken: list[tuple[int, int, int, int, int]] = []
        for order in own:  # the oldest first
            level = (int(order.side), order.price_ticks)
            keep = min(order.leaves_lots, missing.get(level, 0))
            if level in missing:
                missing[level] -= keep
            if keep == 0:
                taken.append((_CANCEL, order.client_order_id, 0, 0, 0))
            elif keep < order.leaves_lots:
                total = order.quantity_lots - (order.leaves_lots - keep)
                taken.append((_MODIFY, order.client_order_id, level[0], level[1], total))
        for kind, client, side, price, lots in taken:
            self._send(kind, client, side, price, lots, TimeInForce.GTC)
        for number, ((side, price), lots) in enumerate(missing.items()):
            if lots:
                self._send(_SUBMIT, first_id + number, side, price, lots, TimeInForce.GTC)

    def _send(
        self, kind: int, client: int, side: int, price: int, lots: int, tif: int, ts_ns: int = 0
    ) -> None:
        """Write a command of the step: at `ts_ns`, but 1 ns behind the one before at the earliest."""
        earliest = self._rows[-1][0] + 1 if self._rows else self._looked_ns
        self._rows.append((max(ts_ns, earliest), client, price, lots, kind, side, int(tif)))

    def rows(self, begin_ns: int, end_ns: int) -> np.ndarray:
        """Return the COMMAND rows of the step that was looked at last."""
        takers = self.depth.takers
        first, stop = np.searchsorted(takers["ts_ns"], (begin_ns, end_ns))
        client = (begin_ns // self.interval_ns) * _STEP_IDS + _STEP_IDS // 2
        for number, (ts_ns, price, lots, side) in enumerate(takers[first:stop].tolist()):
            # The step's book may not have come as far as the print: it is reached all the same.
            best = self._best[1 - side]
            limit = price + self._shift
            if best > 0:
                limit = max(limit, best) if side == Side.BUY else min(limit, best)
            self._send(_SUBMIT, client + number, side, max(limit, 1), lots, TimeInForce.IOC, ts_ns)
        made = np.zeros(len(self._rows), COMMAND)
        for name, column in zip(_FIELDS, zip(*self._rows, strict=True), strict=False):
            made[name] = column
        made["order_type"], made["stp"] = OrderType.LIMIT, SelfTradePrevention.NONE
        self._rows = []
        return made[made["ts_ns"] < end_ns]
