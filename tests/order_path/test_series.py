"""Recorded series reach a bot on time: with its latency, never early, in any window cut."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from actors.faults import StrategySetupError
from actors.testing.check_strategy import check_strategy
from actors.testing.stage import BTC, SECOND_NS, Player, Stage, still_market
from exchange_sim.latency import AccountLatency, ConstantLatency, LognormalLatency
from exchange_sim.markets.inputs import MarketInputs
from exchange_sim.markets.read_series import read_series
from exchange_sim.markets.series_spec import SeriesSpec
from exchange_sim.markets.spec import instant_ns
from exchange_sim.model.codec import decode, encode
from exchange_sim.model.instrument import Instrument
from exchange_sim.model.market import FundingRate, MarkPrice, Observation, SeriesMessage
from exchange_sim.series import SeriesDecoder
from strategies.api import Context, Strategy, StrategyConfig, Subscription, observations

START = instant_ns(datetime(2025, 5, 6, tzinfo=UTC))
STEP_NS = 10 * SECOND_NS
SPAN_NS = 60 * SECOND_NS
MS = 1_000_000


class Reader(Strategy[StrategyConfig]):
    """Hears three series and remembers what it heard when."""

    def __init__(self, config: StrategyConfig = StrategyConfig()) -> None:  # noqa: B008 - it is frozen
        super().__init__(config)
        self.heard: list[tuple[int, SeriesMessage]] = []
        self.past: list[tuple[SeriesMessage, ...]] = []
        self.known_at_start: float | None = None

    def subscriptions(self, instruments: Sequence[Instrument]) -> Sequence[Subscription]:
        name = instruments[0].instrument_id
        return [
            observations("mood", warmup=3),
            observations("funding", name, warmup=1),
            observations("mark", name),
        ]

    def on_series_history(self, ctx: Context, values: Sequence[SeriesMessage]) -> None:
        self.past.append(tuple(values))

    def on_start(self, ctx: Context) -> None:
        latest = ctx.observation("mood")
        self.known_at_start = None if latest is None else latest.value

    def on_observation(self, ctx: Context, observation: Observation) -> None:
        assert ctx.observation("mood") is observation
        self.heard.append((ctx.now_ns, observation))

    def on_funding(self, ctx: Context, funding: FundingRate) -> None:
        self.heard.append((ctx.now_ns, funding))

    def on_mark(self, ctx: Context, mark: MarkPrice) -> None:
        self.heard.append((ctx.now_ns, mark))


def market(folder: Path) -> MarketInputs:
    """Return a still market from START on, with three series read from files of 10 s values."""
    rows = ["timestamp,mood,rate,price"]
    for number in range(-8, 10):
        stamp_ms = (START + number * STEP_NS) // MS
        rows.append(f"{stamp_ms},{number + 0.25},{number * 1e-8:.8f},{60_000 + number}.06")
    (folder / "s.csv").write_text("\n".join(rows) + "\n")
    common: dict[str, Any] = {"file": "s.csv", "interval": "10s"}
    name = BTC.instrument_id
    specs = [
        SeriesSpec(metric="mood", column="mood", stamp="open", publication_delay="1s", **common),  # type: ignore[arg-type]
        SeriesSpec(metric="funding", column="rate", stamp="moment", instrument=name, **common),  # type: ignore[arg-type]
        SeriesSpec(metric="mark", column="price", stamp="moment", instrument=name, **common),  # type: ignore[arg-type]
    ]
    still = still_market(SPAN_NS)
    series = tuple(
        read_series(each, folder, start_ns=START, end_ns=START + SPAN_NS, history_ns=SPAN_NS)
        for each in specs
    )
    moved = type(still.path)(START, still.path.step_ns, still.path.fundamental_ticks, still.path.activity)
    return MarketInputs(
        still.instruments, moved, still.population, still.size_scales, START, still.history, series
    )


def play(folder: Path, latency: AccountLatency | None = None, *others: Player) -> Reader:
    bot = Reader()
    player = Player("bot", bot) if latency is None else Player("bot", bot, latency=latency)
    played = Stage([player, *others], market(folder), duration_ns=SPAN_NS).play()
    assert played.hosts[0].disqualified == ""
    return bot


def known_ns(message: SeriesMessage) -> int:
    """Return from when a value may be known, by the stamps in the file alone: the independent reckoning."""
    lag = STEP_NS + SECOND_NS if isinstance(message, Observation) else 0
    return message.ts_stamp_ns + lag


def test_every_value_comes_exactly_when_it_is_known_and_the_latency_is_over(tmp_path: Path) -> None:
    bot = play(tmp_path)
    moods = [message for _, message in bot.heard if isinstance(message, Observation)]
    rates = [message for _, message in bot.heard if isinstance(message, FundingRate)]
    marks = [message for _, message in bot.heard if isinstance(message, MarkPrice)]
    assert [each.value for each in moods] == [-0.75 + n for n in range(6)]
    assert [each.rate_ppb for each in rates] == [10 * number for number in range(6)]
    assert [each.mark_ticks for each in marks] == [600_001 + 10 * number for number in range(6)]
    for now_ns, message in bot.heard:
        assert now_ns == message.ts_received_ns == known_ns(message) + 5 * MS
        assert message.ts_exchange_ns == known_ns(message)
        number = (message.ts_stamp_ns - START) // STEP_NS
        if isinstance(message, Observation):
            assert message.value == number + 0.25  # the value of that very bar, not of its neighbour


def test_the_past_is_what_was_known_before_the_start(tmp_path: Path) -> None:
    bot = play(tmp_path)
    moods, rates = bot.past
    assert [each.value for each in moods if isinstance(each, Observation)] == [-3.75, -2.75, -1.75]
    assert [each.rate_ppb for each in rates if isinstance(each, FundingRate)] == [-10]
    assert all(known_ns(message) < START for values in bot.past for message in values)
    assert bot.known_at_start == -1.75


def test_other_windows_change_nothing_and_jitter_is_never_early(tmp_path: Path) -> None:
    slow = AccountLatency(
        up=ConstantLatency(delay_us=50_000), down=LognormalLatency(minimum_us=300, jitter_us=900)
    )
    tiny = AccountLatency(up=ConstantLatency(delay_us=90), down=ConstantLatency(delay_us=90))
    wide = play(tmp_path, slow)
    narrow = play(tmp_path, slow, Player("near", Reader(), latency=tiny))
    assert wide.heard == narrow.heard
    assert all(now_ns >= known_ns(message) + 300_000 for now_ns, message in wide.heard)


def test_a_series_the_market_does_not_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StrategySetupError) as error:
        Stage([Player("bot", Reader())], still_market(SPAN_NS))
    assert "which are none ([[market.series]]), was mood" in str(error.value)
    inputs = market(tmp_path)
    short = MarketInputs(
        inputs.instruments,
        inputs.path,
        inputs.population,
        inputs.size_scales,
        inputs.start_ns,
        inputs.history,
        inputs.series[:2],
    )
    with pytest.raises(StrategySetupError, match="are mood, funding of BTC/USDT:USDT, was mark of BTC"):
        Stage([Player("bot", Reader())], short)
    with pytest.raises(ValueError, match="metric: expected the name of a series, was empty"):
        observations("")


def test_the_messages_go_through_the_codec(tmp_path: Path) -> None:
    decoder = SeriesDecoder(market(tmp_path).series, [BTC])
    for number in range(3):
        message = decoder.message(number, 2, START + 5)
        assert decode(encode(message)) == message
        assert message.ts_received_ns == START + 5


class Resuming(Reader):
    def save(self) -> bytes:
        return msgspec.msgpack.encode(None)


def test_a_bot_on_series_can_be_checked_without_any_data() -> None:
    assert "S01" in check_strategy(Resuming, duration="20s")[0]
