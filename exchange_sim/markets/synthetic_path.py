"""Drawn fundamental paths: stochastic volatility, jumps and regimes, correlated over instruments.

Per step of length dt (in days) and instrument i the log price moves by

    sigma_i f_k exp(v_i - s^2) (sqrt(rho) z + sqrt(1 - rho) z_i) sqrt(dt) + d_k sign_k sigma_i dt + jumps

with v_i a log-volatility (Ornstein-Uhlenbeck, stationary standard deviation s, half of its variance shared),
f_k and d_k the regime's volatility and drift. The whole is scaled so that diffusion and jumps
together have the instrument's stated volatility over the long run.

Every draw is keyed by its purpose, the instrument's symbol and the number of the step: another
instrument, or a longer market, leaves the rest as it was.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from exchange_sim.compiled import compiled
from exchange_sim.kernel.draws import normal, uniform
from exchange_sim.kernel.maths import exp, log, sqrt
from exchange_sim.markets.bars import Floats, Integers
from exchange_sim.markets.duration import DAY_NS, parse_duration_ns
from exchange_sim.markets.spec import Dynamics
from exchange_sim.rng import derive

_MAXIMUM_ACTIVITY = 20.0
_DAYS_A_YEAR = 365.0


@compiled
def fill_regimes(key: int, leave: Floats, weight: Floats, regime: Integers, sign: Integers) -> None:
    """Fill the regime and the sign of its drift at each step.

    `leave[k]` is the probability to leave regime k in one step, `weight` the frequency with which a
    regime is entered from another one.
    """
    count = len(leave)
    current, direction = 0, 1
    for step in range(len(regime)):
        at = 4 * step
        if count > 1 and (step == 0 or uniform(key, at) < leave[current]):
            total = 0.0
            for k in range(count):
                # at the first step the chain starts from its stationary law: weight x mean stay
                total += weight[k] / leave[k] if step == 0 else (weight[k] if k != current else 0.0)
            left = uniform(key, at + 1) * total
            chosen = -1
            for k in range(count):
                share = weight[k] / leave[k] if step == 0 else (weight[k] if k != current else 0.0)
                if share > 0.0:
                    chosen = k
                    left -= share
                    if left <= 0.0:
                        break
            current = chosen
        if step == 0 or (step > 0 and current != regime[step - 1]):
            direction = 1 if uniform(key, at + 2) < 0.5 else -1
        regime[step] = current
        sign[step] = direction


@compiled
def fill_synthetic(
    keys: Integers,
    regime: Integers,
    sign: Integers,
    figures: Floats,
    volatility: Floats,
    drift: Floats,
    activity: Floats,
    jumps: Floats,
    log_price: Floats,
    rates: Floats,
) -> None:
    """Fill one instrument's log price (relative to its first point) and activity.

    `keys` are the streams: shared return, shared volatility, shared jumps, own return, own
    volatility, own jumps. `figures` are: daily standard deviation, step in days, correlation,
    log-volatility's persistence per step and its stationary deviation, jumps a day, jump size in daily
    deviations, activity power. The four arrays after it are per regime.
    """
    daily, dt, rho, keep, deviation, jump_rate, jump_size, activity_power = figures
    shock = sqrt(max(1.0 - keep * keep, 0.0))
    root_dt = sqrt(dt)
    common, own = sqrt(rho), sqrt(1.0 - rho)
    half = sqrt(0.5)
    shared_state = normal(keys[1], 0)
    own_state = normal(keys[4], 0)
    value = 0.0
    bias = exp(0.5 * activity_power * activity_power * deviation * deviation)
    for step in range(len(regime)):
        k = regime[step]
        level = deviation * half * (shared_state + own_state)
        rates[step] = min(activity[k] * exp(activity_power * level) / bias, _MAXIMUM_ACTIVITY)
        log_price[step] = value
        sd = daily * volatility[k] * exp(level - deviation * deviation)
        value += sd * root_dt * (common * normal(keys[0], step) + own * normal(keys[3], step))
        value += sign[step] * drift[k] * daily * dt
        if uniform(keys[2], 2 * step) < jump_rate * jumps[k] * dt:
            # one draw of the size for the market, one for the instrument, as correlated as returns are
            value += (
                daily
                * jump_size
                * (common * normal(keys[2], 2 * step + 1) + own * normal(keys[5], 2 * step + 1))
            )
        shared_state = keep * shared_state + shock * normal(keys[1], step + 1)
        own_state = keep * own_state + shock * normal(keys[4], step + 1)


@compiled
def fill_prices(log_price: Floats, origin: int, scale: float, prices: Floats) -> None:
    """Turn log prices into prices that are `scale` at the point `origin`."""
    for step in range(len(log_price)):
        prices[step] = scale * exp(log_price[step] - log_price[origin])


def synthetic_path(
    seed: int,
    symbols: Sequence[str],
    start_prices: Sequence[float],
    volatilities: Sequence[float],
    dynamics: Dynamics,
    *,
    step_ns: int,
    points: int,
    origin: int,
) -> tuple[Floats, Floats]:
    """Return prices and activity, each `[instrument, points]`.

    `volatilities` are annual; `start_prices` are the prices at the point `origin`. The first n
    points do not depend on how many follow.
    """
    dt = step_ns / DAY_NS
    regimes = dynamics.regimes
    stay = np.array([parse_duration_ns(entry.mean_duration) for entry in regimes], dtype=np.float64)
    leave = np.minimum(step_ns / stay, 1.0)
    weight = np.array([entry.weight for entry in regimes])
    stationary = weight * stay / math.fsum(weight * stay)
    volatility = np.array([entry.volatility for entry in regimes])
    jumps = np.array([entry.jumps for entry in regimes])
    activity = np.array([entry.activity for entry in regimes])
    # Over the long run the regimes' variances average to one, and so do their activities. Sums are exact
    # (fsum) and roots correctly rounded, so they are the same everywhere.
    volatility = volatility / math.sqrt(math.fsum(stationary * volatility * volatility))
    jump_share = dynamics.jumps_per_day * math.fsum(stationary * jumps) * dynamics.jump_size**2
    activity = activity / math.fsum(stationary * activity)
    half_life = parse_duration_ns(dynamics.volatility_half_life) / step_ns
    keep = float(exp(-float(log(2.0)) / half_life))

    regime = np.zeros(points, dtype=np.int64)
    sign = np.ones(points, dtype=np.int64)
    fill_regimes(derive(seed, "fundamental", "regime"), leave, weight, regime, sign)
    drift = np.array([entry.drift for entry in regimes])
    shared = [derive(seed, "fundamental", "shared", name) for name in ("return", "volatility", "jump")]
    prices = np.empty((len(symbols), points))
    rates = np.empty((len(symbols), points))
    log_price = np.empty(points)
    for row, symbol in enumerate(symbols):
        own = [derive(seed, "fundamental", symbol, name) for name in ("return", "volatility", "jump")]
        daily = volatilities[row] / math.sqrt(_DAYS_A_YEAR * (1.0 + jump_share))
        figures = np.array(
            [
                daily,
                dt,
                dynamics.correlation,
                keep,
                dynamics.volatility_sd,
                dynamics.jumps_per_day,
                dynamics.jump_size,
                dynamics.activity_volatility,
            ]
        )
        fill_synthetic(
            np.array(shared + own, dtype=np.int64),
            regime,
            sign,
            figures,
            volatility,
            drift,
            activity,
            jumps,
            log_price,
            rates[row],
        )
        fill_prices(log_price, origin, start_prices[row], prices[row])
    return prices, rates
