"""Trade an account of a running market from another program: buy at the bid, and sell what was bought.

    ARENA_KEY_ALICE=... python examples/join_market.py PORT alice

The market prints port and key when it starts, see `examples/join_market.toml`. After three round trips the
program leaves; its orders end with the connection.
"""

from __future__ import annotations

import os
import sys

from actors.realtime.client import MarketClient, Refused
from actors.realtime.keys import variable_of
from exchange_sim.model.enums import Side
from exchange_sim.model.events import ModifyRejected, OrderDenied, OrderFilled, OrderModified, OrderRejected
from exchange_sim.model.ids import ClientOrderId
from exchange_sim.model.market import Quote

ROUND_TRIPS = 3
LOTS = 2
NOTHING = ClientOrderId(0)


def say(text: str) -> None:
    """Print a line."""
    sys.stdout.write(f"{text}\n")


class RoundTrips:
    """Buys at the best bid, follows it up until filled, and sells at the market what was bought."""

    def __init__(self, market: MarketClient) -> None:
        self.done = 0
        self._market = market
        self._instrument = market.instruments[0]
        self._buying = NOTHING
        self._limit = self._position = 0
        self._changing = self._selling = False

    def trade(self) -> None:
        """Go on until there were enough."""
        for message in self._market.messages():
            if isinstance(message, Quote):
                self._follow(message)
            elif isinstance(message, OrderFilled):
                self._count(message)
            elif isinstance(message, OrderModified | ModifyRejected):
                self._changing = False
            elif isinstance(message, OrderDenied | OrderRejected | Refused):
                sys.exit(f"refused: {message}")
            if self.done == ROUND_TRIPS:
                return

    def _follow(self, quote: Quote) -> None:
        name = self._instrument.instrument_id
        if self._selling or not quote.bid_ticks:
            return
        if not self._buying:
            self._limit = quote.bid_ticks + 1
            self._buying = self._market.submit_limit(name, Side.BUY, LOTS, self._limit)
        elif quote.bid_ticks > self._limit and not self._changing:
            self._limit, self._changing = quote.bid_ticks, True
            self._market.modify(name, self._buying, LOTS, self._limit)

    def _count(self, fill: OrderFilled) -> None:
        self._position += fill.side.sign * fill.quantity_lots
        price = self._instrument.price(fill.price_ticks)
        say(f"{fill.side.name} {fill.quantity_lots} at {price}, position {self._position}")
        if self._selling and not self._position:
            self.done += 1
            self._buying, self._selling, self._changing = NOTHING, False, False
        elif not self._selling and not fill.leaves_lots:
            self._selling = True
            self._market.submit_market(self._instrument.instrument_id, Side.SELL, self._position)


def main(port: int, account: str) -> None:
    """Join, trade and leave."""
    key = os.environ[variable_of(account)]
    with MarketClient.join(port, account, key, topics=("quotes",), on_disconnect="cancel") as market:
        say(f"joined at x{market.speed:g}; orders: {len(market.snapshot.orders)}")
        RoundTrips(market).trade()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
