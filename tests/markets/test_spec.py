"""What a configuration may say about a market, and what a wrong one is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange_sim.markets.contracts import PRESETS, InstrumentSpec, contract_preset
from exchange_sim.markets.duration import format_duration, parse_duration_ns
from exchange_sim.markets.margin_presets import margin_preset
from exchange_sim.markets.spec import (
    AnchoredMarket,
    MarketSpec,
    SyntheticMarket,
    format_instant,
    instant_ns,
)
from exchange_sim.population.presets import population_preset


def decoded(text: str) -> MarketSpec:
    market: MarketSpec = msgspec.toml.decode(text, type=MarketSpec)
    return market


def test_a_symbol_alone_takes_its_presets_contract() -> None:
    market = decoded('kind = "synthetic"\ninstruments = ["BTC/USDC:USDC", "ETH/USDC:USDC", "BTC/USDC"]')

    assert isinstance(market, SyntheticMarket)
    btc, eth, spot = market.contracts()
    assert (btc.tick_size, btc.lot_size, btc.settle) == (Decimal("0.1"), Decimal("0.001"), "USDC")
    assert (eth.tick_size, eth.lot_size, eth.settle) == (Decimal("0.01"), Decimal("0.001"), "USDC")
    assert (spot.tick_size, spot.lot_size) == (Decimal("0.01"), Decimal("0.00001"))
    assert spot.assets == ("USDC", "BTC")
    assert (btc.taker_fee_ppm, spot.taker_fee_ppm) == (500, 1_000)


@pytest.mark.parametrize("base", PRESETS)
def test_every_preset_is_a_valid_contract_whose_tick_is_fine(base: str) -> None:
    symbol = f"{base}/USDT:USDT"
    preset = contract_preset(symbol)
    instrument = InstrumentSpec(symbol=symbol).instrument()

    assert preset is not None
    assert float(instrument.tick_size) / preset.start_price < 5e-4
    assert float(instrument.lot_size) * preset.start_price < 200


def test_tables_override_presets_and_describe_unknown_symbols() -> None:
    market = decoded(
        """
        kind = "anchored"
        start = 2025-05-10T12:00:00
        [[instruments]]
        symbol = "BTC/USDT:USDT"
        tick_size = 0.5
        maker_fee_ppm = -20
        [[instruments]]
        symbol = "NEXO/USDT:USDT"
        tick_size = "0.001"
        lot_size = 1
        file = "nexo.csv"
        """
    )

    assert isinstance(market, AnchoredMarket)
    btc, nexo = market.contracts()
    assert (btc.tick_size, btc.lot_size, btc.maker_fee_ppm) == (Decimal("0.5"), Decimal("0.001"), -20)
    assert (nexo.tick_size, nexo.lot_size) == (Decimal("0.001"), Decimal(1))
    assert market.start is not None
    assert instant_ns(market.start) == 1_746_878_400_000_000_000


def test_a_population_can_be_written_out() -> None:
    crowd = population_preset("crypto")
    market = msgspec.convert({"kind": "synthetic", "population": msgspec.to_builtins(crowd)}, MarketSpec)

    assert market.population == crowd


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (
            {"instruments": ["FOO/USDT:USDT"]},
            "tick_size: expected a value, because 'FOO/USDT:USDT' has no preset",
        ),
        ({"instruments": ["BTC/EUR:EUR"]}, "'BTC/EUR:EUR' has no preset"),
        ({"instruments": ["BTCUSDT"]}, "no preset"),
        ({"instruments": []}, "length >= 1"),
        ({"instruments": ["BTC/USDT:USDT", "BTC/USDT:USDT"]}, "every symbol once, was 'BTC/USDT:USDT' twice"),
        (
            {"instruments": [{"symbol": "BTC/USDT:USDT", "tick_size": -0.1}]},
            "tick_size: expected a positive number",
        ),
        ({"instruments": [{"symbol": "BTC/USDT:USDT", "tik": 1}]}, "unknown field `tik`"),
        ({"populaton": "crypto"}, "unknown field `populaton`"),
        ({"population": "cryptos"}, "population: expected one of crypto, "),
        ({"start": datetime(2025, 1, 1, 0, 0, 30, tzinfo=UTC)}, "start: expected a whole minute"),
        ({"history": "1 day"}, "history"),
        ({"path_step": "7s"}, "path_step: expected a whole part of a minute"),
        ({"volume_scale": 0}, "volume_scale"),
        ({"dynamics": {"correlation": 1.0}}, "dynamics.correlation"),
        ({"dynamics": {"regimes": []}}, "dynamics.regimes"),
        (
            {"instruments": ["BTC/USDT:USDT", "ETH/USDC"]},
            "instruments[1].symbol: expected USDT as settlement",
        ),
        ({"instruments": [{"symbol": "BTC/USDT", "tiers": "preset"}]}, "tiers: expected none for spot"),
        ({"instruments": [{"symbol": "BTC/USDT:USDT", "tiers": "deep"}]}, "tiers"),
        (
            {"rules": {"fee_tiers": [{"volume": 1, "maker_fee_ppm": 0, "taker_fee_ppm": 600}]}},
            "rules.fee_tiers[0].taker_fee_ppm: expected at most 500",
        ),
    ],
)
def test_a_wrong_field_is_named(fields: dict[str, object], said: str) -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert({"kind": "synthetic", **fields}, MarketSpec)
    assert said in str(caught.value)


def test_margin_tiers_come_from_the_preset_or_are_written_out() -> None:
    """The preset of each symbol is lawful; own tiers are read, amounts exact."""
    for base in PRESETS:
        instrument = InstrumentSpec(symbol=f"{base}/USDT:USDT", tiers="preset").instrument()
        assert instrument.tiers[-1].up_to is None
        assert instrument.liquidation_fee_ppm == 5_000
    own = decoded(
        """
        kind = "synthetic"
        [[instruments]]
        symbol = "BTC/USDT:USDT"
        tiers = [
            { up_to = 1_000, maintenance_ppm = 5_000, maximum_leverage = 50 },
            { maintenance_ppm = 10_000, maximum_leverage = 20 },
        ]
        """
    )
    (contract,) = own.contracts()
    assert [tier.up_to_atoms for tier in contract.tiers] == [1_000 * 10**8, 2**62]


def test_perpetuals_have_margin_tiers_and_an_index_mark_unless_told_otherwise() -> None:
    """As far as a market knows an index: replays do not. Recorded orders and spot pairs have no tiers."""

    def terms(**market: object) -> list[tuple[int, int, str]]:
        made = msgspec.convert(market, MarketSpec, strict=False)
        return [(len(each.tiers), each.liquidation_fee_ppm, each.mark) for each in made.contracts()]

    btc = "BTC/USDT:USDT"
    preset = len(margin_preset("BTC"))
    assert terms(kind="synthetic", instruments=[btc, "ETH/USDT"]) == [
        (preset, 5_000, "index"),
        (0, 0, "last"),
    ]
    assert terms(kind="anchored", instruments=[btc]) == [(preset, 5_000, "index")]
    assert terms(kind="hybrid", instruments=[btc]) == [(preset, 5_000, "index")]
    assert terms(kind="replay_l2", instruments=[btc]) == [(preset, 5_000, "last")]
    assert terms(kind="replay_l3", symbol="BTC/USD:USD", file="orders.parquet") == [(0, 0, "last")]
    plain = {"symbol": btc, "tiers": [], "mark": "last"}
    assert terms(kind="synthetic", instruments=[plain]) == [(0, 0, "last")]
    with pytest.raises(msgspec.ValidationError, match="mark: expected last"):
        terms(kind="replay_l2", instruments=[{"symbol": btc, "mark": "index"}])


def test_an_anchored_market_ends_after_its_start_and_knows_its_kind() -> None:
    start = datetime(2025, 5, 10, tzinfo=UTC)
    with pytest.raises(ValueError, match="end: expected a time after start"):
        AnchoredMarket(instruments=("BTC/USDT:USDT",), start=start, end=start)
    with pytest.raises(msgspec.ValidationError, match="kind"):
        decoded('kind = "replay"')


def test_a_market_moves_to_another_start() -> None:
    market = AnchoredMarket(instruments=("BTC/USDT:USDT",), start=datetime(2025, 5, 10, tzinfo=UTC))
    moved = market.at(datetime(2025, 5, 11, tzinfo=UTC))

    assert moved.start == datetime(2025, 5, 11, tzinfo=UTC)
    assert moved.instruments == market.instruments


def test_instants_are_exact_and_zones_are_respected() -> None:
    naive = datetime(1970, 1, 1, 0, 0, 1, 500)  # noqa: DTZ001 - what TOML gives where no zone is written
    assert instant_ns(naive) == 1_000_500_000
    assert instant_ns(datetime(1970, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))) == 0
    assert format_instant(1_746_878_400_000_000_000) == "2025-05-10 12:00:00"
    assert format_instant(1_500_000_000) == "1970-01-01 00:00:01.5"


@given(st.integers(1, 10**6), st.sampled_from(["ms", "s", "m", "h", "d"]))
def test_durations_survive_a_round_trip(count: int, unit: str) -> None:
    span_ns = parse_duration_ns(f"{count}{unit}")
    assert parse_duration_ns(format_duration(span_ns)) == span_ns


@pytest.mark.parametrize("text", ["", "10", "m", "0s", "-5s", "1.5h", "10 m", "1w", "1h30m"])
def test_other_durations_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a duration like"):
        parse_duration_ns(text)
