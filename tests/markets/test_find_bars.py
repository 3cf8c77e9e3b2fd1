"""A symbol finds its file in a folder somebody else laid out, or says why it cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from exchange_sim.markets.bars import BarsError
from exchange_sim.markets.duration import MINUTE_NS
from exchange_sim.markets.find_bars import find_bars
from tests.markets.test_read_bars import START_MS, columns, write

START_NS = START_MS * 1_000_000
SYMBOL = "BTC/USDT:USDT"


@pytest.mark.parametrize(
    "name",
    [
        "BTCUSDT.parquet",
        "BTC_USDT_USDT-1m.csv",
        "btcusdt.csv.gz",
        "binance_usdm_1m_202505_BTCUSDT.parquet",
        "btc-usdt/may.parquet",
    ],
)
def test_common_names_are_found(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    path = write(tmp_path, columns(), name)

    assert find_bars(tmp_path, SYMBOL) == path


@pytest.mark.parametrize("name", ["WBTCUSDT.parquet", "BTCUSDTX.parquet", "ETHUSDT.csv", "BTCUSDT.txt"])
def test_other_symbols_are_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"anything")

    with pytest.raises(
        BarsError, match=r"has the symbol in its name \(expected for example BTCUSDT\.parquet"
    ):
        find_bars(tmp_path, SYMBOL)


def test_bars_of_another_interval_or_span_do_not_count(tmp_path: Path) -> None:
    hours = columns()
    hours["timestamp"] = [START_MS + 3_600_000 * row for row in range(6)]
    write(tmp_path, hours, "BTCUSDT_1h.parquet")
    early = write(tmp_path, columns(), "a_BTCUSDT.parquet")
    late_values = columns()
    late_values["timestamp"] = [START_MS + 60_000 * (row + 100) for row in range(6)]
    late = write(tmp_path, late_values, "b_BTCUSDT.parquet")
    (tmp_path / "c_BTCUSDT.parquet").write_bytes(b"PAR1 and then nothing")

    assert find_bars(tmp_path, SYMBOL, start_ns=START_NS, end_ns=START_NS + 6 * MINUTE_NS) == early
    assert find_bars(tmp_path, SYMBOL, start_ns=START_NS + 101 * MINUTE_NS) == late
    with pytest.raises(BarsError) as caught:
        find_bars(tmp_path, SYMBOL, start_ns=START_NS, end_ns=START_NS + 7 * MINUTE_NS)
    for said in (
        "no file under",
        "from 2025-05-05 00:00:00 to 2025-05-05 00:07:00 UTC",
        "BTCUSDT_1h.parquet: bars of 3600 s, expected 1m",
        "a_BTCUSDT.parquet: only has 2025-05-05 00:00:00 to 2025-05-05 00:06:00",
        "c_BTCUSDT.parquet: cannot be read",
    ):
        assert said in str(caught.value)


def test_several_fitting_files_are_listed_unless_one_is_named_by_the_symbol_alone(tmp_path: Path) -> None:
    write(tmp_path, columns(), "binance_BTCUSDT.parquet")
    write(tmp_path, columns(), "okx_BTCUSDT.parquet")
    with pytest.raises(BarsError, match=r"several files .*binance_BTCUSDT\.parquet .*okx_BTCUSDT\.parquet"):
        find_bars(tmp_path, SYMBOL)

    exact = write(tmp_path, columns(), "BTC_USDT-1m.csv")
    assert find_bars(tmp_path, SYMBOL) == exact


def test_an_absent_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(BarsError, match="expected a folder with files of bars"):
        find_bars(tmp_path / "nowhere", SYMBOL)
