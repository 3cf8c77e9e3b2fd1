"""The replay benchmark's work on hftbacktest, run by an interpreter that has it: prints one JSON object.

It needs an older numpy than we do, so it cannot live in our environment; this file imports nothing of ours.
Arguments: file of events (.npz), tick size, lot size, interval in ns, latency in ns, runs.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from hftbacktest import (  # type: ignore[import-not-found]
    BacktestAsset,
    HashMapMarketDepthBacktest,
    ROIVectorMarketDepthBacktest,
)
from hftbacktest import types as hft
from numba import njit  # noqa: TID251 - the peer's own compiler

_FOREVER_NS = 10**17
_GTX, _LIMIT = 1, 0


@njit
def _idle(hbt: Any) -> int:
    hbt.elapse(_FOREVER_NS)
    return 0


@njit
def _requote(hbt: Any, interval_ns: int, lot_size: float) -> int:
    """Cancel what is open and quote both sides at the best prices, at each interval; return the fills."""
    order_id = 1
    while hbt.elapse(interval_ns) == 0:
        hbt.clear_inactive_orders(0)
        depth = hbt.depth(0)
        values = hbt.orders(0).values()
        while values.has_next():
            order = values.get()
            if order.cancellable:
                hbt.cancel(0, order.order_id, False)
        bid, ask = depth.best_bid_tick, depth.best_ask_tick
        if 0 < bid < ask < 2**31:
            hbt.submit_buy_order(0, order_id, bid * depth.tick_size, lot_size, _GTX, _LIMIT, False)
            hbt.submit_sell_order(0, order_id + 1, ask * depth.tick_size, lot_size, _GTX, _LIMIT, False)
            order_id += 2
    return int(hbt.state_values(0).num_trades)


def _events(path: str, latency_ns: int) -> np.ndarray:
    table = np.load(path)
    events = np.zeros(len(table["ts_ns"]), hft.event_dtype)
    trade, snapshot = table["trade"], table["snapshot"]
    kind = np.where(trade, hft.TRADE_EVENT, np.where(snapshot, hft.DEPTH_SNAPSHOT_EVENT, hft.DEPTH_EVENT))
    side = np.where(table["side"] == 0, hft.BUY_EVENT, hft.SELL_EVENT)
    events["ev"] = kind | side | hft.EXCH_EVENT | hft.LOCAL_EVENT
    events["exch_ts"] = table["ts_ns"]
    events["local_ts"] = table["ts_ns"] + latency_ns
    events["px"], events["qty"] = table["price"], table["quantity"]
    return events


def _best(make: Callable[[], Any], work: Callable[[Any], int], runs: int) -> tuple[float, int]:
    """Return the fewest CPU seconds of several runs after one that compiles, and what the work returned."""
    least, made = float("inf"), 0
    for run in range(runs + 1):
        backtest = make()
        start = time.process_time()
        made = work(backtest)
        spent = time.process_time() - start
        backtest.close()
        if run:
            least = min(least, spent)
    return least, made


def main() -> None:
    """Measure both depth implementations, idle and requoting."""
    path, tick, lot = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
    interval_ns, latency_ns, runs = (int(word) for word in sys.argv[4:])
    events = _events(path, latency_ns)
    prices = events["px"][(events["ev"] & 0xFF) == hft.TRADE_EVENT]
    lowest, highest = float(prices.min()) * 0.9, float(prices.max()) * 1.1

    def asset() -> Any:
        made = BacktestAsset().data(events).linear_asset(1.0).constant_order_latency(latency_ns, latency_ns)
        made = made.power_prob_queue_model(3.0).no_partial_fill_exchange().trading_value_fee_model(2e-4, 5e-4)
        return made.tick_size(tick).lot_size(lot).roi_lb(lowest).roi_ub(highest)

    figures: dict[str, int] = {}
    kinds = {"hash_map": HashMapMarketDepthBacktest, "roi_vector": ROIVectorMarketDepthBacktest}

    def idle(backtest: Any) -> int:
        return int(_idle(backtest))

    def requote(backtest: Any) -> int:
        return int(_requote(backtest, interval_ns, lot))

    for name, kind in kinds.items():

        def make(kind: Any = kind) -> Any:
            return kind([asset()])

        spent, _ = _best(make, idle, runs)
        figures[f"hftbacktest_{name}_events_per_cpu_s"] = round(len(events) / spent)
        spent, fills = _best(make, requote, runs)
        figures[f"hftbacktest_{name}_requoting_events_per_cpu_s"] = round(len(events) / spent)
        figures[f"hftbacktest_{name}_fills"] = fills
    print(json.dumps(figures))  # noqa: T201 - the parent reads it


if __name__ == "__main__":
    main()
