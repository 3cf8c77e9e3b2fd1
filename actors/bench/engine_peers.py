"""Other matching engines on the same order flow, measured beside ours: commands per CPU second.

None of them has accounts, margin or fees. Each is driven as its users drive it, one call per command;
its own order ids are kept in a list, because the flow's cancels name orders by the sender's ids.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable

from actors.bench.machine import best_cpu_s, installed_version
from actors.bench.order_flow import SYMBOL, OrderFlow, Timed
from exchange_sim.model.commands import CancelOrder
from exchange_sim.model.enums import OrderType, Side

NOT_INSTALLED = "not installed"
_FAR_TICKS = 10_000_000
_RUNS = 3

Executor = Callable[[list[Timed]], object]
"""Executes commands on a new book, in order."""


def _bourse() -> Executor:
    """Return `bourse`'s order book: matching in Rust, called from Python."""
    book = importlib.import_module("bourse.core").OrderBook(0, 1, True)
    ids: dict[int, int] = {}

    def execute(commands: list[Timed]) -> object:
        for ts_ns, command in commands:
            book.set_time(ts_ns)
            client_id = command.client_order_id
            if isinstance(command, CancelOrder):
                book.cancel_order(ids[client_id])
                continue
            price = command.limit_ticks if command.order_type is OrderType.LIMIT else None
            ids[client_id] = book.place_order(command.side is Side.BUY, command.quantity_lots, 0, price=price)
        return book.get_trades()

    return execute


def _lightmatchingengine() -> Executor:
    """Return `lightmatchingengine`: plain Python, price 0 is a market order."""
    module = importlib.import_module("lightmatchingengine.lightmatchingengine")
    engine = module.LightMatchingEngine()
    ids: dict[int, int] = {}

    def execute(commands: list[Timed]) -> object:
        fills = []
        for _, command in commands:
            client_id = command.client_order_id
            if isinstance(command, CancelOrder):
                engine.cancel_order(ids[client_id], SYMBOL)
                continue
            side = module.Side.BUY if command.side is Side.BUY else module.Side.SELL
            order, trades = engine.add_order(SYMBOL, command.limit_ticks, command.quantity_lots, side)
            ids[client_id] = order.order_id
            fills += trades
        return fills

    return execute


def _pyorderbook() -> Executor:
    """Return `pyorderbook`: plain Python with decimal prices; a market order is a far limit there."""
    module = importlib.import_module("pyorderbook.order")
    book = importlib.import_module("pyorderbook.book").Book()
    logging.getLogger("pyorderbook").setLevel(logging.CRITICAL)
    orders: dict[int, object] = {}

    def execute(commands: list[Timed]) -> object:
        blotters = []
        for _, command in commands:
            client_id = command.client_order_id
            if isinstance(command, CancelOrder):
                book.cancel(orders[client_id])
                continue
            buys, price = command.side is Side.BUY, command.limit_ticks
            if command.order_type is OrderType.MARKET:
                price = _FAR_TICKS if buys else 1
            side = module.Side.BID if buys else module.Side.ASK
            order = orders[client_id] = module.Order(side, SYMBOL, price, command.quantity_lots)
            blotters.append(book.match(order))
        return blotters

    return execute


_PEERS: dict[str, tuple[Callable[[], Executor], int]] = {
    "bourse": (_bourse, 50_000),
    "lightmatchingengine": (_lightmatchingengine, 5_000),
    "pyorderbook": (_pyorderbook, 5_000),
}
"""How to make each, and how many commands it is given: enough for about a second."""


def measure_peers(flow: OrderFlow, *, quick: bool = False) -> dict[str, float | str]:
    """Return commands per CPU second of each installed peer, `not installed` for the others."""
    rates: dict[str, float | str] = {}
    for name, (make, most) in _PEERS.items():
        if installed_version(name) is None:
            rates[name] = NOT_INSTALLED
            continue
        commands = flow.measured[: most // 10 if quick else most]

        def prepare(
            make: Callable[[], Executor] = make, commands: list[Timed] = commands
        ) -> Callable[[], object]:
            execute = make()
            execute(flow.opening)
            return lambda: execute(commands)

        rates[name] = round(len(commands) / best_cpu_s(1 if quick else _RUNS, prepare))
    return rates
