"""Whole matches inside a replayed order stream."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from actors.match import run_match
from actors.match_config import BotSpec, MatchSettings, MatchSpec
from exchange_sim.markets.build import build_market
from exchange_sim.markets.replay_spec import ReplayL3Market
from exchange_sim.markets.spec import MarketSpec
from exchange_sim.replay.orders.table import RecordingError

DATA = Path(__file__).parents[3] / "shared" / "data"
BITSTAMP = "l3/bitstamp_btcusd_20150501_events.parquet"
MINUTE = 60_000_000_000

pytestmark = pytest.mark.skipif(
    not (DATA / BITSTAMP).is_file(), reason=f"there is no recorded order stream at {DATA / BITSTAMP}"
)

MARKET = msgspec.json.decode(
    b'{"kind": "replay_l3", "symbol": "BTC/USD:USD", "file": "%s", "start": "2015-05-01T00:30:00Z"}'
    % BITSTAMP.encode(),
    type=MarketSpec,
)
BOTS = (
    BotSpec(name="maker", strategy="market_maker"),
    BotSpec(name="random", strategy="random"),
)


def _spec(*bots: BotSpec) -> MatchSpec:
    return MatchSpec(
        match_id="replay",
        seed=5,
        bot_seed=6,
        market=MARKET,
        settings=MatchSettings(duration="10m"),
        bots=bots,
    )


def test_strategies_trade_in_it_and_the_same_match_gives_the_same_bytes() -> None:
    alone = run_match(_spec(), data_folder=DATA)
    played = run_match(_spec(*BOTS), data_folder=DATA)
    again = run_match(_spec(*BOTS), data_folder=DATA)
    assert played.digest == again.digest
    assert played.market_digest == again.market_digest != alone.market_digest
    assert all(not bot.disqualified and bot.orders for bot in played.bots)
    assert sum(bot.fills for bot in played.bots)
    # The recorded market goes on with bots in it: the same prices, a little moved.
    before, after = alone.market[0], played.market[0]
    assert np.abs(before["bid"] / after["bid"] - 1.0).max() < 0.01
    assert alone.figures[0].trades == 7  # as recorded from 00:30 to 00:40


def test_history_is_the_recorded_trades_before_the_start() -> None:
    inputs = build_market(MARKET, MINUTE, 1, DATA)
    symbol = inputs.instruments[0].instrument_id
    minutes = inputs.history[symbol, MINUTE]
    assert minutes[-1].ts_exchange_ns == inputs.start_ns
    assert len(minutes) == 30
    trades = sum(bar.trades for bar in minutes)
    assert trades == sum(bar.trades for bar in inputs.history[symbol, 1_000_000_000]) > 50
    assert minutes[0].open_ticks == 23647  # the first recorded trade after the first depth message


@pytest.mark.parametrize(
    ("market", "error"),
    [
        (ReplayL3Market(symbol="BTC/USD:USD", file="l3/nothing.parquet"), "nothing.parquet: no such file"),
        (
            msgspec.structs.replace(
                MARKET, start=msgspec.convert("2015-05-01T03:59:30Z", type=MARKET.start.__class__)
            ),
            "has 2015-05-01 00:00:05.886 to 2015-05-01 03:59:59.615 UTC, expected 2015-05-01 03:59:30 to",
        ),
        (
            ReplayL3Market(symbol="BTC/USD:USD", file="l3/bitstamp_btcusd_20150501_trades.parquet"),
            "expected the columns of Bitstamp",
        ),
        (
            ReplayL3Market(symbol="AAPL/USD:USD", file="l3/lobster_aapl_20120621_open_messages.parquet"),
            r"lot_size: expected 1 \(a share\)",
        ),
    ],
)
def test_a_wrong_market_is_one_clear_error(market: ReplayL3Market, error: str) -> None:
    with pytest.raises(RecordingError, match=error):
        build_market(market, MINUTE, 1, DATA)
