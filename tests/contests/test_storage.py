"""What is written reads back as it was."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.config import ContestFile, MatchSpec, TournamentSpec
from actors.config_errors import convert
from actors.filing import decode_filings, encode_filings, failed_filing, filing_of
from actors.frames import equity_frame, fills_frame, frame_of, market_frame
from actors.record import decode_job, encode_job, record_of
from actors.result import MatchResult
from actors.run_folder import RunFolder, open_catalogue, read_series
from actors.schedule import tournament_jobs
from actors.series import encode_series
from actors.storage import StorageError
from actors.toml_text import toml_text
from actors.tournament import tournament_info
from tests.contests.conftest import FILE
from tests.contests.fake_match import run_match


@pytest.fixture
def match(tournament: TournamentSpec) -> MatchSpec:
    return tournament_jobs(tournament)[0].match


@pytest.fixture
def result(match: MatchSpec) -> MatchResult:
    return run_match(match, data_folder=None)


def test_frames_from_memory_and_from_files_are_equal(result: MatchResult, tmp_path: Path) -> None:
    for kind, maker in (("equity", equity_frame), ("fills", fills_frame), ("market", market_frame)):
        path = tmp_path / kind
        path.write_bytes(encode_series(result)[kind])
        pd.testing.assert_frame_equal(maker(result), frame_of(kind, path))
    equity = equity_frame(result)
    assert list(equity.columns) == [bot.name for bot in result.bots]
    np.testing.assert_array_equal(equity.to_numpy(), result.equity)
    assert list(fills_frame(result)["bot_name"].unique()) == [bot.name for bot in result.bots]


def test_the_bytes_of_a_series_depend_on_the_result_alone(match: MatchSpec) -> None:
    first, second = (encode_series(run_match(match, data_folder=None)) for _ in range(2))
    assert first == second


def test_a_match_without_fills_or_samples_can_be_kept(result: MatchResult) -> None:
    empty = replace(result, fills=result.fills[:0], market=tuple(samples[:0] for samples in result.market))
    assert len(fills_frame(empty)) == len(market_frame(empty)) == 0


def test_jobs_and_records_survive_the_journey(tournament: TournamentSpec, result: MatchResult) -> None:
    job = tournament_jobs(tournament)[0]
    assert decode_job(encode_job(job)) == job
    record = record_of(job, result)
    # NaN is not equal to itself, so the bytes are compared
    payload = encode_filings([filing_of(job, record), failed_filing(job, "why")])
    assert encode_filings(decode_filings(payload)) == payload


def test_the_catalogue_returns_what_was_recorded(
    tournament: TournamentSpec, result: MatchResult, tmp_path: Path
) -> None:
    job = tournament_jobs(tournament)[0]
    record = record_of(job, result)
    with RunFolder(tmp_path, tournament_info(tournament)) as folder:
        folder.store([filing_of(job, record)])
        path = folder.path
    with open_catalogue(path) as catalogue:
        files = catalogue.series(job.match_id)
        assert {kind: read_series(path, file) for kind, file in files.items()} == record.series
        assert catalogue.bot_results(job.match_id) == record.bots
        assert tuple(catalogue.rows(["melee"])) == record.rows
        assert [entry.match_id for entry in catalogue.matches()] == [job.match_id]
        assert np.isnan(catalogue.market_figures(job.match_id)[0].mean_spread_bps)


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="expected the folder of a run"):
        open_catalogue(tmp_path)


def test_a_contest_file_written_back_is_the_same_contest() -> None:
    raw = tomllib.loads(FILE)
    spec = convert(raw, ContestFile, source="test")
    fields = {name: getattr(spec, name) for name in spec.__struct_fields__}
    assert convert(tomllib.loads(toml_text(fields)), ContestFile, source="test") == spec


SCALARS = st.one_of(
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.text(st.characters(exclude_categories=["Cs"])),
    st.datetimes(),
)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(NAMES, VALUES, max_size=4))
def test_toml_reads_back_as_it_was(document: dict[str, Any]) -> None:
    assert tomllib.loads(toml_text(document)) == document
