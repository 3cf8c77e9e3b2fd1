"""The other end of `actors.ray_pool`: one match process."""

from __future__ import annotations

import socket
import sys
import time

from actors.filing import Filing, encode_filings
from actors.handshake import refusal
from actors.machine_code import compile_once
from actors.metrics.ray_sink import RaySink
from actors.metrics.report import Metrics
from actors.player import REAL_MATCH, MatchPlayer, decode_setup, enter_folder
from actors.record import decode_job
from actors.share_board import ShareReporter
from actors.storage import StorageError, storage_errors
from actors.warm import compile_elsewhere
from exchange_sim.compiled import cache_folder


class MatchWorker:
    """Plays batches of matches. Ray shows it by its `repr`.

    What it is made with are plain types: a process with another version of the package must be able to take
    them and say that it does not fit.
    """

    def __init__(self, setup: bytes, expected: dict[str, str], label: str, board: str) -> None:
        self._setup = setup
        self._expected = expected
        self._label = label
        self._board = board
        self._player: MatchPlayer
        self._fault = ""

    def __repr__(self) -> str:
        return shown(self._label)

    def greet(self, job: bytes) -> str:
        """Get ready to play, this node's machine code included. Returns why it cannot, or nothing."""
        found = refusal(self._expected)
        if found:
            return found
        setup = decode_setup(self._setup)
        enter_folder(setup)
        self._player = MatchPlayer(setup, Metrics(RaySink()), log=sys.stdout)
        if setup.run_match == REAL_MATCH:
            try:
                with storage_errors(cache_folder()):
                    compile_once(lambda: compile_elsewhere(setup, decode_job(job)))
            except StorageError as error:
                return _here(error)
        return ""

    def play(self, jobs: list[bytes]) -> tuple[float, bytes, str]:
        """Play matches one after another.

        Returns the seconds it took, the filings, and why the rest could not be played here: empty unless
        something is wrong with this machine. Then later calls play nothing either.
        """
        begin = time.perf_counter()
        filings: list[Filing] = []
        for job in map(decode_job, jobs):
            if self._fault:
                break
            try:
                filings.append(self._player.play(job, ShareReporter(self._board, job.match_id)))
            except StorageError as error:
                self._fault = _here(error)
        return time.perf_counter() - begin, encode_filings(filings), self._fault


def shown(label: str) -> str:
    """Return what Ray shows of a worker."""
    return f"MatchWorker({label})"


def _here(error: StorageError) -> str:
    return f"worker on {socket.gethostname()}: {error}"
