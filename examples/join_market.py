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
from exchange_sim.model.events import OrderDenied, OrderFilled, OrderRejected
from exchange_sim.model.market import Quote

ROUND_TRIPS = 3
LOTS = 2


def say(text: str) -> None:
    """Print a line."""
    sys.stdout.write(f"{text}\n")


def trade(market: MarketClient) -> None:
    """Buy at the best bid, sell at the market when it is filled; three times."""
    instrument = market.instruments[0]
    name = instrument.instrument_id
    buying, trips, position = 0, 0, 0
    for message in market.messages():
        if isinstance(message, Quote) and not buying and not position and message.bid_ticks:
            buying = market.submit_limit(name, Side.BUY, LOTS, message.bid_ticks + 1)
        elif isinstance(message, OrderFilled):
            position += message.side.sign * message.quantity_lots
            price = instrument.price(message.price_ticks)
            say(f"{message.side.name} {message.quantity_lots} at {price}, position {position}")
            if message.client_order_id == buying and not message.leaves_lots:
                buying = 0
                market.submit_market(name, Side.SELL, position)
            elif position == 0:
                trips += 1
                if trips == ROUND_TRIPS:
                    return
        elif isinstance(message, OrderDenied | OrderRejected | Refused):
            sys.exit(f"refused: {message}")


def main(port: int, account: str) -> None:
    """Join, trade and leave."""
    key = os.environ[variable_of(account)]
    with MarketClient.join(port, account, key, topics=("quotes",), on_disconnect="cancel") as market:
        say(f"joined at x{market.speed:g}; orders: {len(market.snapshot.orders)}")
        trade(market)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
