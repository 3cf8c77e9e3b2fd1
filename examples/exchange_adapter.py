"""Drive the exchange with requests from outside, one JSON object a line, and print what came of each.

    python examples/exchange_adapter.py < requests.jsonl

Requests: new, cancel, reduce, replace, clear. Each answer has the events, the trades (maker and taker) and
the whole queue of the instrument in order of priority. The rules are those of `docs/exchange.md`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from exchange_sim import Exchange, Instrument, trades_of
from exchange_sim.model.commands import ReplaceOrder, SubmitOrder
from exchange_sim.model.enums import OrderType, SelfTradePrevention, Side, TimeInForce
from exchange_sim.model.events import ExchangeEvent
from exchange_sim.model.ids import AccountId, ClientOrderId, InstrumentId

SYMBOLS = ("AAA/USDT:USDT", "BBB/USDT:USDT")
ACCOUNTS = ("ann", "bob", "cat")
SELF_TRADE = {
    "cancel_incoming": SelfTradePrevention.CANCEL_NEWEST,
    "cancel_resting": SelfTradePrevention.CANCEL_OLDEST,
    "allow": SelfTradePrevention.NONE,
}


def make_exchange() -> Exchange:
    """Return an exchange whose accounts have money that never binds."""
    contracts = [
        Instrument.linear(symbol, tick_size="0.01", lot_size="1", maker_fee_ppm=0, taker_fee_ppm=0)
        for symbol in SYMBOLS
    ]
    exchange = Exchange(contracts)
    for name in ACCOUNTS:
        exchange.open_account(name, deposit="1000000000")
    return exchange


def order_of(request: dict[str, Any], exchange: Exchange) -> SubmitOrder:
    instrument = exchange.instrument(request["symbol"])
    kind = request.get("type", "limit")
    in_force = {"ioc": TimeInForce.IOC, "fok": TimeInForce.FOK, "market": TimeInForce.IOC}
    return SubmitOrder(
        AccountId(request["account"]),
        instrument.instrument_id,
        ClientOrderId(request["id"]),
        Side.BUY if request["side"] == "buy" else Side.SELL,
        OrderType.MARKET if kind == "market" else OrderType.LIMIT,
        in_force.get(kind, TimeInForce.GTC),
        instrument.lots(request["quantity"]),
        0 if kind == "market" else instrument.ticks(request["price"]),
        self_trade_prevention=SELF_TRADE[request.get("self_trade", "cancel_incoming")],
    )


def execute(exchange: Exchange, request: dict[str, Any]) -> list[ExchangeEvent]:
    """Return the events of one request; ValueError where a price or quantity is off its grid."""
    what, account, symbol = request["request"], request.get("account", ""), request.get("symbol")
    if what == "clear":
        return exchange.clear(symbol)
    if what == "new":
        return exchange.submit(order_of(request, exchange))
    if what == "cancel":
        return exchange.cancel(account, symbol, request["id"])
    if what == "reduce":
        return exchange.reduce(account, symbol, request["id"], request["quantity"])
    if what == "replace":
        old = ClientOrderId(request["replaces"])
        order = order_of(request, exchange)
        return exchange.submit(ReplaceOrder(AccountId(account), InstrumentId(symbol), old, order))
    raise ValueError(f"request: expected new, cancel, reduce, replace or clear, was {what!r}")


def answer(exchange: Exchange, request: dict[str, Any]) -> dict[str, Any]:
    try:
        events = execute(exchange, request)
    except ValueError as error:
        return {"refused": str(error)}
    told = []
    for event in events:
        reason = getattr(event, "reason", None)
        told.append([type(event).__name__, getattr(event, "client_order_id", 0), reason and reason.name])
    trades = [
        [trade.taker.client_order_id, trade.maker.client_order_id, trade.price_ticks, trade.quantity_lots]
        for trade in trades_of(events)
    ]
    symbol = request.get("symbol") or SYMBOLS[0]
    queue = [
        [order.side.name, order.price_ticks, order.client_order_id, order.leaves_lots]
        for order in exchange.queue(symbol)
    ]
    return {"events": told, "trades": trades, "queue": queue}


def main(lines: Iterable[str]) -> Iterator[str]:
    exchange = make_exchange()
    for line in lines:
        yield json.dumps(answer(exchange, json.loads(line)))


if __name__ == "__main__":
    sys.stdout.writelines(f"{text}\n" for text in main(sys.stdin))
