"""Measures the price impact of meta-orders in a hybrid market: `python benchmarks/impact.py --data FOLDER`.

A bot works off a TWAP, one market order a second, where the background is the recorded depth of one
instrument. The same market with the same crowd runs without it; the impact is the difference of the two mid
prices, so nothing but the bot is in it. Sizes are shares of what the record trades over the TWAP's time.
Prints the impacts, the exponent of their growth with its bootstrap interval and the decay afterwards as JSON,
and writes a figure.
"""
# ruff: noqa: INP001 - a script, no part of a package

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from exchange_sim.engine.layout import COMMAND
from exchange_sim.kernel.kernel import Kernel
from exchange_sim.markets.depth_spec import DepthInstrument
from exchange_sim.markets.hybrid_spec import HybridMarket
from exchange_sim.markets.inputs import MarketInputs
from exchange_sim.model.enums import CommandKind, OrderType, TimeInForce
from exchange_sim.replay.depth.reading import read_record
from exchange_sim.replay.depth.record import Record
from exchange_sim.replay.hybrid.feed import HistoryFeed
from exchange_sim.replay.hybrid.market import hybrid_inputs
from exchange_sim.rng import generator

S = 1_000_000_000
NAME = "binance_usdm_BTCUSDT_20240808"
SHARES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
TWAP_S, OPENING_S = 20, 5
DECAY_S = (0, 5, 10, 20, 40, 80)
STEP_NS = S // 10
BOOTSTRAPS = 2_000

Floats = npt.NDArray[np.float64]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of the data pack")
    parser.add_argument("--seeds", type=int, default=16, help="meta-orders of each size")
    parser.add_argument("--figure", type=Path, help="SVG to write")
    options = parser.parse_args()
    symbol = "BTC/USDT:USDT"
    market = HybridMarket(instruments=(DepthInstrument(symbol=symbol),))
    record = read_record(
        options.data / "lob" / f"{NAME}_events.parquet",
        options.data / "trades" / f"{NAME}_trades.parquet",
        market.contracts()[0],
    )
    impacts = np.array([_seed(market, record, seed, options.seeds) for seed in range(options.seeds)])
    result = _result(impacts)
    sys.stdout.write(json.dumps(result, indent=2) + "\n")
    if options.figure is not None:
        options.figure.write_text(figure(result))
    return 0


def _seed(market: HybridMarket, record: Record, seed: int, seeds: int) -> Floats:
    """Return the impact in basis points by size (rows) and time after the TWAP's end (`DECAY_S`)."""
    span_s = OPENING_S + TWAP_S + DECAY_S[-1] + 1
    room_ns = record.end_ns - record.start_ns - (span_s + 1) * S
    start_ns = record.start_ns + S + room_ns * seed // max(seeds - 1, 1)
    start = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=start_ns // STEP_NS * STEP_NS // 1_000)
    inputs = hybrid_inputs(market.at(start), record, span_s * S)
    feed = inputs.feeds[0]
    assert isinstance(feed, HistoryFeed)  # noqa: S101 - for mypy
    volume = feed.impact.volume_lots * TWAP_S
    sign = 1 - 2 * (seed % 2)
    without = _mids(inputs, feed, seed, 0)
    rows = []
    for share in SHARES:
        moved = sign * 1e4 * (_mids(inputs, feed, seed, round(volume * share)) / without - 1.0)
        rows.append([float(moved[(OPENING_S + TWAP_S + after) * S // STEP_NS]) for after in DECAY_S])
    return np.array(rows)


def _mids(inputs: MarketInputs, feed: HistoryFeed, seed: int, lots: int) -> Floats:
    """Return the mid price in ticks on the grid, with a TWAP of so many lots (even seeds buy)."""
    kernel = Kernel(
        inputs.instruments,
        inputs.path,
        inputs.population,
        [("bot", 10**17)],
        seed=seed,
        size_scales=inputs.size_scales,
        sample_interval_ns=STEP_NS,
        feeds=(HistoryFeed(feed.depth, inputs.instruments[0], feed.impact),),
    )
    rows = np.zeros(TWAP_S if lots else 0, COMMAND)
    rows["ts_ns"] = inputs.start_ns + (OPENING_S + np.arange(len(rows))) * S + STEP_NS // 2
    rows["quantity_lots"] = np.diff(lots * np.arange(len(rows) + 1) // TWAP_S)
    rows["account"], rows["client_order_id"] = kernel.account_index("bot"), 1 + np.arange(len(rows))
    rows["kind"], rows["order_type"] = CommandKind.SUBMIT, OrderType.MARKET
    rows["time_in_force"], rows["side"] = TimeInForce.IOC, seed % 2
    kernel.push(rows[rows["quantity_lots"] > 0])
    end_ns = inputs.start_ns + (OPENING_S + TWAP_S + DECAY_S[-1] + 1) * S
    while kernel.now_ns < end_ns:
        kernel.advance(end_ns, end_ns)
    samples = kernel.take_samples()
    mids: Floats = (samples["bid_ticks"] + samples["ask_ticks"]) / 2.0
    return mids


def _exponent(impacts: Floats) -> float:
    """Return the slope of the log mean impact at the TWAP's end over the log size."""
    means = impacts[:, :, 0].mean(axis=0)
    return float(np.polyfit(np.log(SHARES), np.log(np.maximum(means, 1e-9)), 1)[0])


def _result(impacts: Floats) -> dict[str, Any]:
    draws = generator(0, "impact bootstrap")
    count = len(impacts)
    again = [_exponent(impacts[draws.integers(0, count, count)]) for _ in range(BOOTSTRAPS)]
    low, high = np.percentile(again, (2.5, 97.5))
    errors = impacts[:, :, 0].std(axis=0, ddof=1) / np.sqrt(count) if count > 1 else np.zeros(len(SHARES))
    means = impacts.mean(axis=0)
    return {
        "record": NAME,
        "meta_orders_of_each_size": count,
        "share_of_recorded_volume": list(SHARES),
        "impact_bps": [round(float(each), 3) for each in means[:, 0]],
        "standard_error_bps": [round(float(each), 3) for each in errors],
        "exponent": round(_exponent(impacts), 3),
        "interval_95": [round(float(low), 3), round(float(high), 3)],
        "seconds_after_the_end": list(DECAY_S),
        "impact_left": [round(float(each), 3) for each in (means / means[:, :1]).mean(axis=0)],
    }


def figure(result: dict[str, Any]) -> str:
    """Return the two plots, impact over size (log) and decay, as SVG."""
    shares, impacts = np.log10(result["share_of_recorded_volume"]), np.log10(result["impact_bps"])
    low, high = float(impacts.min()), float(impacts.max())
    span = max(high - low, 1e-9)
    slope, level = np.polyfit(shares, impacts, 1)

    def at(share: float, impact: float) -> tuple[float, float]:
        return 60 + 300 * (share - shares[0]) / (shares[-1] - shares[0]), 260 - 220 * (impact - low) / span

    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" width="800" height="320" font-family="sans-serif">',
        "<style>text { font-size: 12px }</style>",
        '<rect width="800" height="320" fill="white"/>',
        '<text x="60" y="20">Impact (bp, log) at the end over the share of volume (log)</text>',
        '<text x="480" y="20">Share of the impact left, by seconds after the end</text>',
    ]
    (x1, y1), (x2, y2) = (at(each, slope * each + level) for each in (shares[0], shares[-1]))
    parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="steelblue"/>')
    for share, impact, name, bps in zip(
        shares, impacts, result["share_of_recorded_volume"], result["impact_bps"], strict=True
    ):
        x, y = at(share, impact)
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4"/>')
        parts.append(f'<text x="{x:.1f}" y="285" text-anchor="middle">{name:g}</text>')
        parts.append(f'<text x="{x:.1f}" y="{y - 8:.1f}" text-anchor="end">{bps:.2f}</text>')
    low_e, high_e = result["interval_95"]
    parts.append(f'<text x="60" y="310">exponent {result["exponent"]} (95 %: {low_e} to {high_e})</text>')
    times, left = result["seconds_after_the_end"], result["impact_left"]
    points = [
        (480 + 280 * time / times[-1], 260 - 220 * share) for time, share in zip(times, left, strict=True)
    ]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    parts.append(f'<polyline points="{path}" fill="none" stroke="steelblue"/>')
    parts.append('<line x1="480" y1="260" x2="760" y2="260" stroke="grey"/>')
    for (x, y), time, share in zip(points, times, left, strict=True):
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3"/>')
        parts.append(f'<text x="{x:.1f}" y="285" text-anchor="middle">{time}</text>')
        parts.append(f'<text x="{x + 4:.1f}" y="{y - 8:.1f}">{share:.2f}</text>')
    return "\n".join([*parts, "</svg>", ""])


if __name__ == "__main__":
    sys.exit(main())
