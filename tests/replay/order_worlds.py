"""Order recordings for tests: made by hand, drawn, and played through an exchange."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from exchange_sim.engine.exchange import Exchange
from exchange_sim.kernel.kernel import Kernel
from exchange_sim.kernel.path import MarketPath
from exchange_sim.model.enums import EventKind
from exchange_sim.model.instrument import Instrument
from exchange_sim.population.species import Population
from exchange_sim.replay.orders.feed import OrderFeed
from exchange_sim.replay.orders.recording import EXECUTION, MESSAGE, RESTING, Action, OrderRecording
from exchange_sim.replay.orders.translation import OrderCommands

SECOND = 1_000_000_000
START = 1_430_438_400 * SECOND
BTC = Instrument.linear("BTC/USD:USD", tick_size="0.01", lot_size="0.000001")
SHARE = Instrument.linear("AAPL/USD:USD", tick_size="0.01", lot_size="1")
BUY, SELL = 0, 1


def recording(
    resting: Sequence[tuple[int, int, int, int]], messages: Sequence[tuple[float, int, int, int, Action, int]]
) -> OrderRecording:
    """Return a recording of ten minutes: `resting` as RESTING, `messages` as MESSAGE with seconds."""
    rows = [(START + int(seconds * SECOND), *rest) for seconds, *rest in messages]
    return OrderRecording(
        "by hand",
        START,
        START + 600 * SECOND,
        np.array(list(resting), RESTING),
        np.array([tuple(map(int, row)) for row in rows], MESSAGE),
        np.zeros(0, EXECUTION),
        {},
    )


def kernel_of(made: OrderRecording, bots: Sequence[str] = (), instrument: Instrument = BTC) -> Kernel:
    """Return the market of a recording, with ten million in each bot's account."""
    feed = OrderFeed(made, instrument, made.end_ns + SECOND)
    path = MarketPath.constant(made.first_ns, made.end_ns - made.first_ns + 2 * SECOND, [100.0])
    return Kernel(
        (instrument,),
        path,
        Population(groups=()),
        [(name, 10**15) for name in bots],
        seed=1,
        feeds=(feed,),
    )


def exchange_of(commands: OrderCommands, instrument: Instrument) -> Exchange:
    """Return an exchange with the accounts that the commands come from."""
    exchange = Exchange([instrument])
    for number, deposit in enumerate(commands.deposits_atoms):
        exchange.open_account(f"history/{number}", deposit_atoms=deposit)
    exchange.take_events()
    return exchange


def trades_of(events: np.ndarray) -> list[tuple[int, int, int, int]]:
    """Return (ticks, lots, buyer's client order id, seller's) of the trades in EVENT rows."""
    fills = events[events["kind"] == EventKind.FILLED]
    found = []
    for taker, maker in zip(fills[0::2], fills[1::2], strict=True):
        pair = (taker, maker) if taker["code"] & 1 == BUY else (maker, taker)
        found.append(
            (
                int(taker["price_ticks"]),
                int(taker["quantity_lots"]),
                *(int(each["client_order_id"]) for each in pair),
            )
        )
    return found
