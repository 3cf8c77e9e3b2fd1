"""The named crowds: what they claim, over hours of market time."""

from __future__ import annotations

import numpy as np
import pytest

from exchange_sim.kernel.kernel import Kernel
from exchange_sim.kernel.path import MarketPath
from exchange_sim.model.instrument import Instrument
from exchange_sim.population.presets import CRYPTO_TURNOVER, PRESETS, crypto, mixed, population_preset, rmsc04
from exchange_sim.population.scale import with_rates
from tests.kernel.worlds import BTC, ETH, MINUTE, RICH, SECOND, START, WHOLE, market, walk

SOL = Instrument.linear("SOL/USDT:USDT", tick_size="0.01", lot_size="0.01", minimum_notional="5")
SHARE = Instrument.linear("ABM/USD:USD", tick_size="0.01", lot_size="1")


def test_reference_mix_is_that_of_the_configuration() -> None:
    counts = {group.name: group.count for group in rmsc04().groups}
    assert counts == {"noise": 1_000, "value": 102, "market_maker": 2, "momentum": 12}


def test_reference_half_hour_makes_as_many_requests_as_the_original() -> None:
    for seed in range(3):
        kernel = Kernel([SHARE], walk(1_800, prices=(1e5,), step=1.58e-5), rmsc04(), seed=seed)
        kernel.advance(kernel.path.end_ns, WHOLE)
        assert 3_000 <= kernel.counters.requests <= 5_000
        quote = kernel.exchange.quote("ABM/USD:USD")
        fundamental = kernel.path.fundamental_ticks[0, -1]
        assert abs((quote.bid_ticks + quote.ask_ticks) / 2 / fundamental - 1) < 0.002


def crypto_samples(path: MarketPath, scales: tuple[float, ...], seed: int = 1) -> tuple[Kernel, np.ndarray]:
    kernel = Kernel([BTC, ETH, SOL], path, crypto(), seed=seed, size_scales=scales, sample_interval_ns=MINUTE)
    kernel.advance(path.end_ns, WHOLE)
    kernel.exchange.check_conservation()
    return kernel, kernel.take_samples()


@pytest.mark.parametrize("scales", [(1.0, 1.0, 1.0), (150.0, 125.0, 30.0)])
def test_crypto_follows_the_fundamental_closely_with_few_messages(scales: tuple[float, ...]) -> None:
    hours = 12
    # 45 % to 80 % annual volatility
    path = walk(hours * 3600, prices=(1e6, 250_000.0, 16_000.0), step=1.2e-4)
    kernel, samples = crypto_samples(path, scales)
    assert 5 < kernel.counters.requests / (3 * hours * 3600) < 40
    for number in range(3):
        own = samples[samples["instrument"] == number]
        assert (own["bid_ticks"] > 0).all()
        assert (own["ask_ticks"] > 0).all()
        spread = own["spread_bps"].mean()
        assert spread < 5.0
        error = np.abs(own["last_ticks"] / own["fundamental_ticks"] - 1.0) * 1e4
        assert np.median(error) < 3.0 * spread
        assert error.max() < 30.0
        moves, truth = np.diff(np.log(own["last_ticks"])), np.diff(np.log(own["fundamental_ticks"]))
        assert 0.8 < moves.std() / truth.std() < 1.25


def test_crypto_survives_crashes_and_storms() -> None:
    calm = walk(4 * 3600, prices=(1e6, 250_000.0, 16_000.0), step=2e-4)
    prices, activity = calm.fundamental_ticks.copy(), calm.activity.copy()
    for second, jump in ((3_600, 0.9), (5_000, 1.15), (9_000, 0.7), (12_000, 1.4)):
        prices[:, second:] *= jump
        activity[:, second : second + 900] = 15.0
    _, samples = crypto_samples(MarketPath(START, SECOND, prices, activity), (1.0, 1.0, 1.0))
    later = samples[samples["ts_ns"] > START + 13_000 * SECOND]
    error = np.abs(later["last_ticks"] / later["fundamental_ticks"] - 1.0) * 1e4
    assert np.median(error) < 5.0
    assert (later["bid_ticks"] > 0).all()
    assert (later["ask_ticks"] > 0).all()


def test_crypto_trades_about_its_turnover() -> None:
    kernel, samples = crypto_samples(walk(6 * 3600, prices=(1e6, 250_000.0, 16_000.0)), (1.0, 1.0, 1.0))
    for number, instrument in enumerate(kernel.instruments):
        own = samples[samples["instrument"] == number]
        notional = float(instrument.tick_size * instrument.lot_size) * own["volume_lots"] * own["last_ticks"]
        assert 0.5 < notional.sum() / (6 * 3600) / CRYPTO_TURNOVER < 2.0


def test_a_bots_order_moves_the_price_and_the_market_forgives_it() -> None:
    moves: dict[int, list[float]] = {5: [], 900: []}
    for seed in range(3):
        mids = []
        for lots in (0, 3_000):  # three BTC: a third of a million
            kernel = Kernel([BTC], walk(1_200), crypto(), [("bot", RICH)], seed=seed)
            if lots:
                kernel.push(market(kernel, "bot", START + 60 * SECOND, 0, lots, client=1))
            mids.append([])
            for wait in moves:
                until_ns = START + (60 + wait) * SECOND
                while kernel.advance(until_ns, WHOLE) < until_ns:
                    kernel.take_order_events()
                quote = kernel.exchange.quote("BTC/USDT:USDT")
                mids[-1].append((quote.bid_ticks + quote.ask_ticks) / 2)
        for wait, before, after in zip(moves, mids[0], mids[1], strict=True):
            moves[wait].append((after / before - 1) * 1e4)
    assert min(moves[5]) > 0.5
    assert abs(np.mean(moves[900])) < 0.5 * np.mean(moves[5])


@pytest.mark.parametrize("agents", [1_000, 10_000])
def test_mixed_crowds_have_all_species_and_their_number(agents: int) -> None:
    population = mixed(agents)
    assert population.agents == agents
    assert len({type(group) for group in population.groups}) == 7


def test_mixed_crowd_stays_near_the_fundamental() -> None:
    kernel = Kernel([BTC], walk(600), mixed(1_000), seed=1)
    kernel.advance(kernel.path.end_ns, WHOLE)
    kernel.exchange.check_conservation()
    quote = kernel.exchange.quote("BTC/USDT:USDT")
    fundamental = kernel.path.fundamental_ticks[0, -1]
    assert abs((quote.bid_ticks + quote.ask_ticks) / 2 / fundamental - 1) < 0.003


def test_busier_crowds_make_as_many_more_requests() -> None:
    made = []
    for factor in (1.0, 4.0):
        kernel = Kernel([BTC], walk(300), with_rates(crypto(), factor), seed=1)
        kernel.advance(kernel.path.end_ns, WHOLE)
        made.append(kernel.counters.actions)
    assert made[1] / made[0] == pytest.approx(4.0, rel=0.15)


def test_presets_by_name() -> None:
    assert population_preset("crypto") == crypto()
    assert set(PRESETS) == {"crypto", "rmsc04", "behind", "mixed_1000", "mixed_10000"}
    with pytest.raises(ValueError, match="expected one of crypto"):
        population_preset("cripto")
