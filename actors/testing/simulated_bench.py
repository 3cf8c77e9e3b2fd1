"""The simulated venue on the bench of `check_venue`: a still market and another account's resting orders."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np

from actors.testing.stage import BTC, FAST, SILENCE
from actors.venues.faulty import simulated_venue
from exchange_sim.engine.layout import COMMAND
from exchange_sim.faults import AccountFaults
from exchange_sim.kernel.kernel import Kernel
from exchange_sim.kernel.path import MarketPath
from exchange_sim.latency import AccountLatency
from exchange_sim.model.enums import CommandKind, OrderType, Side, TimeInForce
from exchange_sim.model.ids import AccountId
from exchange_sim.model.instrument import ASSET_SCALE, Instrument

_ORDER_EVENT = struct.Struct("<7qihBBq")
_MS = 1_000_000
_STEP_NS = 5 * _MS
_ANSWER_NS = 200 * _MS  # the longest way there and back of the latencies that are checked
_END_NS = 3_600_000 * _MS
_CASH_ATOMS = 1_000_000 * 10**ASSET_SCALE


class SimulatedBench:
    """A `VenueBench` around `SimulatedVenue`.

    Parameters
    ----------
    latency
        Of the account.
    queries
        Whether the venue has the exchange at hand and can answer queries.
    faults
        Of its connection.
    """

    instrument: Instrument = BTC
    bid_ticks = 599_990
    ask_ticks = 600_010
    depth_lots = 20

    def __init__(
        self, *, latency: AccountLatency = FAST, queries: bool = True, faults: AccountFaults | None = None
    ) -> None:
        self.account_id = AccountId("tested")
        accounts: Sequence[tuple[str, int]] = (("maker", _CASH_ATOMS), (self.account_id, _CASH_ATOMS))
        path = MarketPath.constant(0, _END_NS, [600_000.0])
        self._kernel = Kernel([BTC], path, SILENCE, accounts, seed=1)
        self._rest("maker", Side.BUY, self.bid_ticks)
        self._rest("maker", Side.SELL, self.ask_ticks)
        self._kernel.advance(_STEP_NS, _STEP_NS)
        self._kernel.take_order_events()
        self.venue = simulated_venue(
            self.account_id,
            self._kernel.account_index(self.account_id),
            [BTC],
            latency=latency,
            seed=1,
            exchange=self._kernel.exchange if queries else None,
            faults=faults,
        )

    @property
    def now_ns(self) -> int:
        return self._kernel.now_ns

    def wait(self) -> None:
        """Let market and messages go on until a command sent before has been answered."""
        rows = self.venue.take_commands()
        if rows:
            self._kernel.push(np.frombuffer(rows, COMMAND))
        account = self._kernel.account_index(self.account_id)
        until_ns = self.now_ns + _ANSWER_NS
        while self.now_ns < until_ns:
            self._kernel.advance(until_ns, _STEP_NS)
            events = self._kernel.take_order_events()
            own = events[events["account"] == account]
            self.venue.enqueue(order_events=tuple(_ORDER_EVENT.iter_unpack(own.tobytes())))

    def _rest(self, account: str, side: Side, price: int) -> None:
        row = np.zeros(1, COMMAND)
        row["account"] = self._kernel.account_index(account)
        row["client_order_id"] = 1 + side
        row["kind"], row["side"] = CommandKind.SUBMIT, side
        row["order_type"], row["time_in_force"] = OrderType.LIMIT, TimeInForce.GTC
        row["price_ticks"], row["quantity_lots"] = price, self.depth_lots
        self._kernel.push(row)
