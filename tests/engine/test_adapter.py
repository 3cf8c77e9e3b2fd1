"""The exchange driven from outside: requests, answers, trades and queues, as an adapter sees them."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

_FILE = Path(__file__).parents[2] / "examples" / "exchange_adapter.py"
AAA, BBB = "AAA/USDT:USDT", "BBB/USDT:USDT"


@pytest.fixture(scope="module")
def adapter() -> ModuleType:
    spec = importlib.util.spec_from_file_location("exchange_adapter", _FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def new(account: str, number: int, side: str, quantity: str, price: str = "", **more: Any) -> dict[str, Any]:
    return {
        "request": "new", "account": account, "symbol": AAA, "id": number, "side": side, "quantity": quantity,
        "price": price, **more,
    }  # fmt: skip


def test_every_request_has_its_answer(adapter: ModuleType) -> None:
    exchange = adapter.make_exchange()

    def ask(request: dict[str, Any]) -> tuple[Any, Any, Any]:
        told = adapter.answer(exchange, request)
        return told["events"], told["trades"], told["queue"]

    for request in (
        new("ann", 1, "sell", "5", "10.00"),
        new("bob", 2, "sell", "4", "10.00"),
        new("ann", 3, "buy", "6", "9.90"),
        new("bob", 4, "sell", "3", "10.10"),
    ):
        assert ask(request)[0] == [["OrderAccepted", request["id"], None]]
    # duplicate id of an open order
    assert ask(new("ann", 3, "buy", "1", "9.00"))[0] == [["OrderRejected", 3, "DUPLICATE_CLIENT_ORDER_ID"]]
    # reduce keeps the place, replace loses it
    reduce = {"request": "reduce", "account": "ann", "symbol": AAA, "id": 1, "quantity": "2"}
    assert ask(reduce)[2][1:3] == [["SELL", 1000, 1, 3], ["SELL", 1000, 2, 4]]
    replace = new("ann", 5, "sell", "3", "10.00") | {"request": "replace", "replaces": 1}
    events, _, queue = ask(replace)
    assert events == [["OrderCanceled", 1, "REPLACED"], ["OrderAccepted", 5, None]]
    assert queue[1:3] == [["SELL", 1000, 2, 4], ["SELL", 1000, 5, 3]]
    # trades with taker and maker, best price and oldest first
    _, trades, queue = ask(new("cat", 6, "buy", "9", "10.10", type="ioc"))
    assert trades == [[6, 2, 1000, 4], [6, 5, 1000, 3], [6, 4, 1010, 2]]
    assert queue == [["BUY", 990, 3, 6], ["SELL", 1010, 4, 1]]
    # fill or kill, market, inactive orders
    assert ask(new("cat", 7, "sell", "7", "9.90", type="fok"))[0] == [
        ["OrderRejected", 7, "FOK_NOT_FILLABLE"]
    ]
    events, trades, _ = ask(new("cat", 8, "sell", "7", type="market"))
    assert trades == [[8, 3, 990, 6]]
    assert events[-1] == ["OrderExpired", 8, "MARKET_REMAINDER"]
    gone = {"account": "ann", "symbol": AAA, "id": 3}
    assert ask({"request": "cancel", **gone})[0] == [["CancelRejected", 3, "UNKNOWN_ORDER"]]
    assert ask({"request": "reduce", "quantity": "1", **gone})[0] == [["CancelRejected", 3, "UNKNOWN_ORDER"]]
    # grid
    assert "multiple of 0.01" in adapter.answer(exchange, new("ann", 9, "buy", "1", "9.905"))["refused"]
    # symbols are apart, clear empties one or all
    other = new("ann", 10, "buy", "1", "5.00") | {"symbol": BBB}
    assert ask(other)[2] == [["BUY", 500, 10, 1]]
    assert ask({"request": "clear", "symbol": AAA})[2] == []
    assert ask({"request": "clear"})[0] == [["OrderCanceled", 10, "CANCELED_BY_CANCEL_ALL"]]


@pytest.mark.parametrize(
    ("mode", "left", "trades"),
    [
        ("cancel_incoming", [["SELL", 1000, 1, 2], ["SELL", 1000, 2, 2]], []),
        ("cancel_resting", [["BUY", 1000, 3, 1]], [[3, 2, 1000, 2]]),
        ("allow", [["SELL", 1000, 2, 1]], [[3, 1, 1000, 2], [3, 2, 1000, 1]]),
    ],
)
def test_self_trades(adapter: ModuleType, mode: str, left: list[Any], trades: list[Any]) -> None:
    exchange = adapter.make_exchange()
    adapter.answer(exchange, new("ann", 1, "sell", "2", "10.00"))
    adapter.answer(exchange, new("bob", 2, "sell", "2", "10.00"))
    told = adapter.answer(exchange, new("ann", 3, "buy", "3", "10.00", self_trade=mode))
    assert (told["queue"], told["trades"]) == (left, trades)
