"""Whole matches on recorded depth: the usual strategies, from files to figures."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from actors.bench.replay_record import made_record
from actors.cli.preflight import CommandError, check_markets
from actors.match import run_match
from actors.match_config import BotSpec, MatchSettings, MatchSpec
from actors.reports.provenance import limits_of
from actors.result import MatchResult
from exchange_sim.latency import AccountLatency, ConstantLatency, LatencyFile, LognormalLatency
from exchange_sim.markets.depth_spec import HISTORY_DOES_NOT_REACT, DepthInstrument, ReplayL2Market
from exchange_sim.markets.read_latency import LatencyError
from exchange_sim.markets.spec import MarketSpec, SyntheticMarket
from exchange_sim.replay.depth.layout import TRADE_FLAG
from exchange_sim.replay.depth.models import RiskAverseQueue
from exchange_sim.replay.depth.reading import read_record
from tests.replay.depth.histories import BTC, write_record

SYMBOL = "BTC/USDT:USDT"
SECONDS = 20
BOTS = Path(__file__).parents[2] / "match" / "bots.py"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("records")
    write_record(made_record(BTC, (SECONDS + 12) * 20), path, "made_BTCUSDT")
    return path


def spec(duration: str = f"{SECONDS}s", latency: AccountLatency | None = None, **market: object) -> MatchSpec:
    return MatchSpec(
        match_id="replayed",
        seed=1,
        bot_seed=2,
        market=msgspec.convert({"kind": "replay_l2", "instruments": [SYMBOL], **market}, MarketSpec),
        settings=MatchSettings(duration=duration, equity_interval="5s", market_interval="5s"),
        bots=(
            BotSpec(
                name="scalper",
                strategy=f"{BOTS}:Scalper",
                latency=latency or AccountLatency(up=ConstantLatency(delay_us=900), down=LognormalLatency()),
            ),
            BotSpec(name="other", strategy=f"{BOTS}:Scalper"),
        ),
    )


@pytest.fixture(scope="module")
def played(folder: Path) -> MatchResult:
    return run_match(spec(), data_folder=folder)


def test_a_written_record_reads_back_as_it_was(folder: Path) -> None:
    made = made_record(BTC, (SECONDS + 12) * 20)
    read = read_record(folder / "made_BTCUSDT_events.parquet", folder / "made_BTCUSDT_trades.parquet", BTC)
    assert read.prices.tolist() == made.prices.tolist()
    assert read.rows.tobytes() == made.rows.tobytes()


def test_bots_trade_on_a_record_and_the_same_match_gives_the_same_bytes(
    folder: Path, played: MatchResult
) -> None:
    assert all(bot.fills > 0 and not bot.disqualified for bot in played.bots)
    made = made_record(BTC, (SECONDS + 12) * 20)
    trades = made.rows[(made.rows["flags"] & TRADE_FLAG) != 0]
    assert played.figures[0].trades == (trades["ts_ns"] < played.end_ns).sum()
    again = run_match(spec(), data_folder=folder)
    assert (again.digest, again.market_digest) == (played.digest, played.market_digest)
    assert again.fills.tobytes() == played.fills.tobytes()
    other = run_match(spec(latency=AccountLatency()), data_folder=folder)
    assert other.figures == played.figures  # history does not react
    assert other.market_digest != played.market_digest


def test_accounts_are_liquidated_into_the_recorded_book(folder: Path, played: MatchResult) -> None:
    """The fee of 0.736 % leaves less than the value of three dollars a bitcoin above maintenance: a fall from
    100,000.1 to 99,997.5 takes the position, at the recorded bid. History does not react."""
    tiers = [{"maintenance_ppm": 99_000, "maximum_leverage": 10}]
    own = spec(instruments=[{"symbol": SYMBOL, "tiers": tiers, "taker_fee_ppm": 7_360}])
    bots = (BotSpec(name="reckless", strategy=f"{BOTS}:Reckless", deposit=Decimal(1_000)),)
    result = run_match(msgspec.structs.replace(own, bots=bots), data_folder=folder)
    opened, closed = result.fills
    assert (opened["price"], opened["quantity"], opened["side"]) == (100_000.1, 0.094, 0)
    assert (closed["price"], closed["quantity"], closed["side"]) == (99_997.5, 0.094, 1)
    assert (closed["client_order_id"], closed["fee"]) == (0, 0.0)
    (bot,) = result.bots
    assert (bot.liquidations, bot.deleveraged) == (1, 0)
    assert bot.insurance == pytest.approx(0.005 * 0.094 * 99_997.5)
    assert result.figures == played.figures


def test_latencies_come_from_a_file(folder: Path, played: MatchResult) -> None:
    table = {"timestamp": [1_735_689_600_000, 1_735_689_610_000], "latency_us": [700.0, 9_000.0]}
    pq.write_table(pa.table(table), folder / "latency.parquet")
    recorded = AccountLatency(
        up=LatencyFile(file="latency.parquet", minimum_us=500),
        down=LatencyFile(file="latency.parquet", minimum_us=500, offset_us=-100),
    )
    assert run_match(spec(latency=recorded), data_folder=folder).digest != played.digest
    low = AccountLatency(up=LatencyFile(file="latency.parquet", minimum_us=800))
    with pytest.raises(LatencyError, match=r"row 1, column latency_us: expected 800 to .* us"):
        run_match(spec(latency=low), data_folder=folder)
    with pytest.raises(LatencyError, match="expected a file of latencies, found none"):
        run_match(
            spec(latency=AccountLatency(up=LatencyFile(file="no.csv", minimum_us=1))), data_folder=folder
        )


def test_a_record_that_does_not_reach_is_refused_in_one_line(folder: Path) -> None:
    start = datetime(2025, 1, 1, tzinfo=UTC)
    with pytest.raises(
        CommandError, match=r"match.duration: expected at most 31.95s from 2025-01-01 00:00:00 UTC"
    ):
        check_markets([spec("1h")], folder)
    early = spec(
        start=(start - timedelta(seconds=1)).isoformat(),
        instruments=[{"symbol": SYMBOL, "file": "made_BTCUSDT_events.parquet"}],
    )
    with pytest.raises(CommandError, match=r"market.start: expected 2025-01-01 00:00:00 UTC or later"):
        check_markets([early], folder)
    lost = spec(instruments=[{"symbol": SYMBOL, "file": "lost_events.parquet"}])
    with pytest.raises(CommandError, match=r"lost_events.parquet: expected a file of recorded depth"):
        check_markets([lost], folder)
    with pytest.raises(CommandError, match="a replayed market needs a folder"):
        check_markets([spec()], None)


def test_every_kind_of_market_says_what_it_does_not_model() -> None:
    market = ReplayL2Market(instruments=(DepthInstrument(symbol=SYMBOL),), queue=RiskAverseQueue())
    assert limits_of([SyntheticMarket(), market]) == [HISTORY_DOES_NOT_REACT]
    assert "history does not react" in HISTORY_DOES_NOT_REACT
    assert limits_of([SyntheticMarket()]) == []
    with pytest.raises(ValueError, match="expected every symbol once"):
        ReplayL2Market(instruments=(SYMBOL, SYMBOL))


def test_bars_before_the_start_warm_strategies_up(folder: Path) -> None:
    later = datetime(2025, 1, 1, 0, 0, 10, tzinfo=UTC)
    result = run_match(spec("5s", start=later.isoformat()), data_folder=folder)
    assert result.start_ns == int(later.timestamp()) * 10**9
    assert result.figures[0].first > 0
