"""Recorded series beside recorded depth: heard on time, never early, and funding paid at recorded rates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import msgspec
import numpy as np
import pytest

from actors.bench.replay_record import made_record
from actors.match import MatchRun
from actors.match_config import BotSpec, MatchSettings, MatchSpec
from exchange_sim.latency import AccountLatency, ConstantLatency
from exchange_sim.markets.duration import SECOND_NS
from exchange_sim.markets.spec import MarketSpec
from exchange_sim.model.enums import Side
from exchange_sim.model.instrument import Instrument
from exchange_sim.model.market import FundingRate, MarkPrice, Observation, SeriesMessage
from exchange_sim.replay.depth.layout import TRADE_FLAG
from strategies.api import Context, Strategy, StrategyConfig, Subscription, observations
from tests.replay.depth.histories import BTC, MS
from tests.replay.depth.test_matches import SYMBOL, write_record

MESSAGES, SPAN_S, STEP_S = 400, 18, 4
RATE_PPB = 10_000


class Config(StrategyConfig, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nothing to set."""


class Reader(Strategy[Config]):
    """Buys three lots at the start and remembers what it heard when."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.heard: list[tuple[int, SeriesMessage]] = []
        self.past: list[SeriesMessage] = []

    def subscriptions(self, instruments: Sequence[Instrument]) -> Sequence[Subscription]:
        name = instruments[0].instrument_id
        return [observations("mood", warmup=2), observations("funding", name), observations("mark", name)]

    def on_series_history(self, ctx: Context, values: Sequence[SeriesMessage]) -> None:
        self.past += values

    def on_start(self, ctx: Context) -> None:
        ctx.submit_market(next(iter(ctx.instruments)), Side.BUY, 3)

    def on_observation(self, ctx: Context, observation: Observation) -> None:
        self.heard.append((ctx.now_ns, observation))

    def on_funding(self, ctx: Context, funding: FundingRate) -> None:
        self.heard.append((ctx.now_ns, funding))

    def on_mark(self, ctx: Context, mark: MarkPrice) -> None:
        self.heard.append((ctx.now_ns, mark))


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[MatchRun, Reader]:
    """A match on a record of 20 s from 2025 on, with values each 4 s; the mood of a bar comes 1 s later."""
    folder = tmp_path_factory.mktemp("series")
    record = made_record(BTC, MESSAGES)
    write_record(record, folder, "made_BTCUSDT")
    rows = ["timestamp,mood,rate,price"]
    for number in range(-3, 6):
        stamp_ms = record.start_ns // MS + 1_000 * STEP_S * number
        rows.append(f"{stamp_ms},{number + 0.25},{RATE_PPB * (number + 1) * 1e-9:.9f},{60_000 + number}.0")
    (folder / "s.csv").write_text("\n".join(rows) + "\n")
    common = {"file": "s.csv", "interval": f"{STEP_S}s"}
    series = [
        {"metric": "mood", "column": "mood", "stamp": "open", "publication_delay": "1s", **common},
        {"metric": "funding", "column": "rate", "stamp": "moment", "instrument": SYMBOL, **common},
        {"metric": "mark", "column": "price", "stamp": "moment", "instrument": SYMBOL, **common},
    ]
    market = {"kind": "replay_l2", "instruments": [SYMBOL], "history": "8s", "series": series}
    constant = ConstantLatency(delay_us=5_000)
    spec = MatchSpec(
        match_id="series",
        seed=1,
        bot_seed=2,
        market=msgspec.convert(market, MarketSpec),
        settings=MatchSettings(duration=f"{SPAN_S}s", equity_interval="5s", market_interval="5s"),
        bots=(
            BotSpec(
                name="reader",
                strategy=f"{__file__}:Reader",
                latency=AccountLatency(up=constant, down=constant),
            ),
        ),
    )
    run = MatchRun(spec, data_folder=folder)
    run.begin()
    run.go_on(run.end_ns)
    run.finish()
    assert run.hosts[0].disqualified == ""
    return run, cast("Reader", cast("Any", run.hosts[0]).host.strategy)


def known_ns(message: SeriesMessage) -> int:
    """Return from when a value may be known, by its stamp alone."""
    lag_s = STEP_S + 1 if hasattr(message, "value") else 0
    return message.ts_stamp_ns + lag_s * SECOND_NS


def test_values_come_exactly_when_they_are_known_and_the_latency_is_over(
    played: tuple[MatchRun, Reader],
) -> None:
    run, bot = played
    start_ns = run.given.start_ns
    assert len(bot.heard) == 3 * 5
    for now_ns, message in bot.heard:
        assert now_ns == message.ts_received_ns == known_ns(message) + 5 * MS
        number = (message.ts_stamp_ns - start_ns) // (STEP_S * SECOND_NS)
        if hasattr(message, "value"):
            assert message.value == number + 0.25
        elif hasattr(message, "rate_ppb"):
            assert message.rate_ppb == RATE_PPB * (number + 1)
        else:
            assert message.mark_ticks == 600_000 + 10 * number
    assert [cast("Any", each).value for each in bot.past] == [-2.75, -1.75]
    assert all(known_ns(each) < start_ns for each in bot.past)


def test_positions_pay_the_recorded_rates_at_the_recorded_marks(played: tuple[MatchRun, Reader]) -> None:
    run, _ = played
    start_ns = run.given.start_ns
    rows = made_record(BTC, MESSAGES)
    prints = rows.rows[(rows.rows["flags"] & TRADE_FLAG) != 0]
    owed = 0
    for number in range(1, 6):  # the fifth is due after the bot has stopped, before its last orders arrive
        due_ns = start_ns + number * STEP_S * SECOND_NS
        last = prints[np.searchsorted(prints["ts_ns"], due_ns, side="right") - 1]
        value = 3 * int(rows.prices[last["level"]]) * BTC.atoms_per_tick_lot
        owed += -(-value * RATE_PPB * (number + 1) // 10**9)
    position = run.kernel.exchange.position("reader", SYMBOL)
    assert (position.lots, position.funding_atoms) == (3, owed)
