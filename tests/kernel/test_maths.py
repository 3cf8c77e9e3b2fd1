"""Portable elementary functions against the platform's, and exact bits that must never change."""

from __future__ import annotations

import math
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange_sim.kernel import maths


@given(st.floats(min_value=2.3e-308, max_value=1.7e308))
def test_log_agrees_with_the_platform(x: float) -> None:
    assert maths.log(x) == pytest.approx(math.log(x), rel=4e-16, abs=1e-300)


@given(st.floats(min_value=-700.0, max_value=700.0))
def test_exp_agrees_with_the_platform(x: float) -> None:
    assert maths.exp(x) == pytest.approx(math.exp(x), rel=5e-16)


@given(st.floats(min_value=-30.0, max_value=30.0))
def test_tanh_agrees_with_the_platform(x: float) -> None:
    assert maths.tanh(x) == pytest.approx(math.tanh(x), abs=1e-15)


@given(st.floats(min_value=1e-3, max_value=1e3), st.floats(min_value=-20.0, max_value=20.0))
def test_power_agrees_with_the_platform(x: float, y: float) -> None:
    assert maths.power(x, y) == pytest.approx(x**y, rel=1e-13)


@given(st.floats(min_value=1e-300, max_value=1.0, exclude_max=True))
def test_normal_quantile_agrees_with_the_standard_library(p: float) -> None:
    assert maths.normal_quantile(p) == pytest.approx(NormalDist().inv_cdf(p), rel=1e-13, abs=1e-15)


def test_ends_of_the_ranges() -> None:
    assert maths.log(0.0) == -math.inf
    assert math.isnan(maths.log(-1.0))
    assert math.isnan(maths.log(math.nan))
    assert maths.log(math.inf) == math.inf
    assert maths.exp(-math.inf) == 0.0
    assert maths.exp(math.inf) == math.inf
    assert math.isnan(maths.exp(math.nan))
    assert maths.power(0.0, 0.0) == 1.0
    assert maths.power(0.0, 2.0) == 0.0
    assert maths.tanh(100.0) == 1.0
    assert maths.normal_quantile(0.0) == -math.inf
    assert maths.normal_quantile(1.0) == math.inf


@pytest.mark.parametrize(
    ("function", "x", "bits"),
    [
        (maths.log, 10.0, "0x1.26bb1bbb55516p+1"),
        (maths.log, 0.3, "-0x1.34378fcbda721p+0"),
        (maths.exp, 1.0, "0x1.5bf0a8b14576ap+1"),
        (maths.exp, -3.7, "0x1.9511fc6871044p-6"),
        (maths.normal_quantile, 0.001, "-0x1.8b8cbb7204470p+1"),
    ],
)
def test_bits_never_change(function, x: float, bits: str) -> None:  # type: ignore[no-untyped-def]
    assert function(x).hex() == bits
