"""Recorded funding as the exchange needs it: when positions pay, and at which rate."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from exchange_sim.markets.read_series import read_series
from exchange_sim.markets.series_spec import SeriesSpec
from exchange_sim.model.ids import InstrumentId
from exchange_sim.series import rate_ppb


@dataclass(frozen=True, slots=True)
class FundingSchedule:
    """Funding of one instrument over a span.

    `times_ns` rise strictly; `rates_ppb` are in parts per billion of the position's value, positive: longs
    pay.
    """

    instrument_id: InstrumentId
    times_ns: tuple[int, ...]
    rates_ppb: tuple[int, ...]


def read_funding(spec: SeriesSpec, folder: Path, *, start_ns: int, end_ns: int) -> FundingSchedule:
    """Return the funding that falls into `[start_ns, end_ns)`.

    `spec` says where the rates are, as for any series; a rate is paid at the instant from which it is known.

    Raises
    ------
    SeriesError
        As `read_series`: a funding time that is missing in the span is named.
    """
    series = read_series(spec, folder, start_ns=start_ns, end_ns=end_ns)
    inside = series.known_before(start_ns)
    return FundingSchedule(
        series.instrument_id,
        tuple(series.known_ns[inside:].tolist()),
        tuple(rate_ppb(rate) for rate in series.values[inside:].tolist()),
    )
