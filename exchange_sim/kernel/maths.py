"""Logarithm, exponential and friends from basic arithmetic, the same bits on every machine.

A platform's own `log` and `exp` differ in the last bit from another's, and one bit is enough to send two runs
apart. These use only + - * /, integer shifts and a reinterpretation of bits, which IEEE 754 defines
exactly; nothing here is compiled with fast math. Errors stay within two units in the last place.

References
----------
Reduction and coefficients of `log` and `exp`: FreeBSD msun, `e_log.c` and `e_exp.c`.
`normal_quantile`: Wichura 1988, "Algorithm AS 241", PPND16.
"""

from __future__ import annotations

import numpy as np

from exchange_sim.compiled import compiled

_LN2_HIGH = 6.93147180369123816490e-01
_LN2_LOW = 1.90821492927058770002e-10
_INVERSE_LN2 = 1.44269504088896338700e00
_EXP_UNDERFLOW = -708.0
_EXP_OVERFLOW = 709.0
_SMALLEST_NORMAL = 2.2250738585072014e-308


@compiled
def float_bits(value: float) -> int:
    """Return the 64 bits of `value` as an integer."""
    return np.float64(value).view(np.int64)  # type: ignore[return-value]


@compiled
def bits_float(bits: int) -> float:
    """Return the float whose 64 bits are `bits`."""
    return np.int64(bits).view(np.float64)


@compiled
def log(x: float) -> float:
    """Return the natural logarithm; -inf for zero and subnormals, NaN below zero and for NaN."""
    if not x >= _SMALLEST_NORMAL:
        return -np.inf if x >= 0.0 else np.nan
    if x > 1.7976931348623157e308:
        return np.inf
    bits = float_bits(x)
    exponent = (bits >> 52) - 1023
    mantissa = bits & 0x000FFFFFFFFFFFFF
    # Keep the reduced argument in [sqrt(1/2), sqrt(2)), where the series below is short.
    if mantissa >= 0x6A09E667F3BCD:
        m = bits_float(mantissa | 0x3FE0000000000000)
        exponent += 1
    else:
        m = bits_float(mantissa | 0x3FF0000000000000)
    f = m - 1.0
    s = f / (2.0 + f)
    z = s * s
    w = z * z
    even = w * (3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01))
    odd = z * (
        6.666666666666735130e-01
        + w * (2.857142874366239149e-01 + w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01))
    )
    half_square = 0.5 * f * f
    k = float(exponent)
    return k * _LN2_HIGH - ((half_square - (s * (half_square + odd + even) + k * _LN2_LOW)) - f)


@compiled
def exp(x: float) -> float:
    """Return e to the power x; 0 below -708 (no subnormals), inf above 709, NaN for NaN."""
    if x != x:  # noqa: PLR0124 - the only test for NaN that compiles to one instruction
        return np.nan
    if x > _EXP_OVERFLOW:
        return np.inf
    if x < _EXP_UNDERFLOW:
        return 0.0
    k = int(_INVERSE_LN2 * x + (0.5 if x >= 0.0 else -0.5))
    high = x - k * _LN2_HIGH
    low = k * _LN2_LOW
    r = high - low
    t = r * r
    c = r - t * (
        1.66666666666666019037e-01
        + t
        * (
            -2.77777777770155933842e-03
            + t
            * (
                6.61375632143793436117e-05
                + t * (-1.65339022054652515390e-06 + t * 4.13813679705723846039e-08)
            )
        )
    )
    y = 1.0 - ((low - (r * c) / (2.0 - c)) - high)
    # Two steps keep the scale a normal number at both ends of the range.
    half = k >> 1
    return y * bits_float((half + 1023) << 52) * bits_float((k - half + 1023) << 52)


@compiled
def power(x: float, y: float) -> float:
    """Return x to the power y for x >= 0; the relative error grows with the size of y log(x)."""
    if x == 0.0:
        return 1.0 if y == 0.0 else 0.0
    return exp(y * log(x))


@compiled
def sqrt(x: float) -> float:
    """Return the square root, correctly rounded (IEEE 754 demands it of the instruction); NaN below zero."""
    return np.sqrt(x)  # type: ignore[no-any-return]


@compiled
def tanh(x: float) -> float:
    """Return the hyperbolic tangent; its absolute error stays below 1e-15."""
    if x > 20.0:
        return 1.0
    if x < -20.0:
        return -1.0
    e = exp(2.0 * x)
    return (e - 1.0) / (e + 1.0)


@compiled
def _quantile_centre(r: float) -> float:
    numerator = 2.5090809287301226727e3 * r + 3.3430575583588128105e4
    numerator = (numerator * r + 6.7265770927008700853e4) * r + 4.5921953931549871457e4
    numerator = (numerator * r + 1.3731693765509461125e4) * r + 1.9715909503065514427e3
    numerator = (numerator * r + 1.3314166789178437745e2) * r + 3.3871328727963666080e0
    denominator = 5.2264952788528545610e3 * r + 2.8729085735721942674e4
    denominator = (denominator * r + 3.9307895800092710610e4) * r + 2.1213794301586595867e4
    denominator = (denominator * r + 5.3941960214247511077e3) * r + 6.8718700749205790830e2
    denominator = (denominator * r + 4.2313330701600911252e1) * r + 1.0
    return numerator / denominator


@compiled
def _quantile_shoulder(r: float) -> float:
    numerator = 7.74545014278341407640e-4 * r + 2.27238449892691845833e-2
    numerator = (numerator * r + 2.41780725177450611770e-1) * r + 1.27045825245236838258e0
    numerator = (numerator * r + 3.64784832476320460504e0) * r + 5.76949722146069140550e0
    numerator = (numerator * r + 4.63033784615654529590e0) * r + 1.42343711074968357734e0
    denominator = 1.05075007164441684324e-9 * r + 5.47593808499534494600e-4
    denominator = (denominator * r + 1.51986665636164571966e-2) * r + 1.48103976427480074590e-1
    denominator = (denominator * r + 6.89767334985100004550e-1) * r + 1.67638483018380384940e0
    denominator = (denominator * r + 2.05319162663775882187e0) * r + 1.0
    return numerator / denominator


@compiled
def _quantile_tail(r: float) -> float:
    numerator = 2.01033439929228813265e-7 * r + 2.71155556874348757815e-5
    numerator = (numerator * r + 1.24266094738807843860e-3) * r + 2.65321895265761230930e-2
    numerator = (numerator * r + 2.96560571828504891230e-1) * r + 1.78482653991729133580e0
    numerator = (numerator * r + 5.46378491116411436990e0) * r + 6.65790464350110377720e0
    denominator = 2.04426310338993978564e-15 * r + 1.42151175831644588870e-7
    denominator = (denominator * r + 1.84631831751005468180e-5) * r + 7.86869131145613259100e-4
    denominator = (denominator * r + 1.48753612908506148525e-2) * r + 1.36929880922735805310e-1
    denominator = (denominator * r + 5.99832206555887937690e-1) * r + 1.0
    return numerator / denominator


@compiled
def normal_quantile(p: float) -> float:
    """Return the standard normal's quantile at p in (0, 1); -inf and inf at the ends."""
    if p <= 0.0:
        return -np.inf
    if p >= 1.0:
        return np.inf
    q = p - 0.5
    if -0.425 <= q <= 0.425:
        return q * _quantile_centre(0.180625 - q * q)
    r = sqrt(-log(p if q < 0.0 else 1.0 - p))
    distance = _quantile_shoulder(r - 1.6) if r <= 5.0 else _quantile_tail(r - 5.0)
    return -distance if q < 0.0 else distance
