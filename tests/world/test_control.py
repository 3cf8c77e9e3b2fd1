"""The way to a match that is being played: who gets in, and what is refused."""

from __future__ import annotations

import json
import re
import shlex
import socket
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from actors.app import run
from actors.cli.errors import ExitCode
from actors.config_files import load_match
from actors.replay import replay_journal
from actors.run_folder import RunFolder
from actors.run_options import OpenMode
from actors.single import match_info
from actors.world.client import ControlError, ControlRefusedError, ask
from actors.world.control import CONTROL_FILE, Contact, ControlDesk, controlled
from actors.world.keeper import TAPE_FILE, Keeper
from actors.world.rehearsal import Rehearsal
from actors.world.world import WorldStatus
from exchange_sim.journal import Steered
from exchange_sim.journal_reader import read_journal
from exchange_sim.ports import Steering
from tests.cli.conftest import Arena
from tests.match.test_match import CASH, MAKER, spec
from tests.world.conftest import Gated

PAGE = Path(__file__).parents[2] / "docs" / "worlds.md"
MATCH = spec(MAKER, CASH)
SECRET = "open sesame"  # noqa: S105 - opens nothing


class Notes:
    """Controls that take down what is asked of them."""

    def __init__(self) -> None:
        self.done: list[Any] = []

    def status(self) -> WorldStatus:
        return WorldStatus(placement="process", state="playing")

    def pause(self) -> None:
        self.done.append("pause")

    def resume(self) -> None:
        self.done.append("resume")

    def stop(self) -> None:
        self.done.append("stop")

    def steer(self, name: str, steering: Steering) -> None:
        self.done.append((name, steering.action, steering.values))


def line(**fields: Any) -> bytes:
    return json.dumps({"secret": SECRET, **fields}).encode() + b"\n"


REFUSED = {
    "no json": (b"pause\n", "request: expected a line of JSON"),
    "not even text": (b"\xff\xfe\n", "request: expected a line of JSON"),
    "a list": (b"[]\n", "request: expected a line of JSON: Expected `object`"),
    "another field": (line(do="pause", speed=2), "unknown field `speed`"),
    "too long": (line(do="pause", account="x" * 200_000), "expected at most 100,000 bytes"),
    "no secret": (b'{"do":"pause"}\n', "missing required field `secret`"),
    "another secret": (json.dumps({"secret": "close", "do": "stop"}).encode(), "secret: expected that of"),
    "another deed": (line(do="sell"), "do: expected one of status, pause, resume, stop, set, was 'sell'"),
    "another account": (
        line(do="pause", account="nobody"),
        "account: expected one of maker, cash, was 'nobody'",
    ),
    "nothing to set": (line(do="set", account="maker"), "set: expected an account and fields"),
    "nobody to set": (line(do="set", values={"half_spread": 1}), "set: expected an account and fields"),
    "another setting": (line(do="set", account="maker", values={"half_spred": 1}), "half_spread"),
    "out of range": (line(do="set", account="maker", values={"half_spread": -1}), "maker: half_spread: "),
    "other type": (line(do="set", account="maker", values={"half_spread": "x"}), "maker: half_spread: "),
    "instruments": (
        line(do="set", account="maker", values={"instruments": ["BTC/USDT:USDT"]}),
        "maker: instruments: expected those traded so far",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_bad_request_is_refused_and_changes_nothing(case: str) -> None:
    content, words = REFUSED[case]
    notes = Notes()
    reply = json.loads(ControlDesk(notes, Rehearsal(MATCH), SECRET).answer(content))
    assert words in reply["error"]
    assert reply["status"] is None
    assert notes.done == []


def test_what_is_asked_is_passed_on() -> None:
    notes = Notes()
    desk = ControlDesk(notes, Rehearsal(MATCH), SECRET)
    for content in (
        line(do="status"),
        line(do="pause"),
        line(do="resume"),
        line(do="pause", account="maker"),
        line(do="set", account="maker", values={"half_spread": 0.01}),
        line(do="stop", account="cash"),
    ):
        assert json.loads(desk.answer(content))["status"]["state"] == "playing"
    assert json.loads(desk.answer(line(do="stop")))["status"]["state"] == "stopping"
    assert notes.done == [
        "pause",
        "resume",
        ("maker", "pause", ""),
        ("maker", "set", '{"half_spread":0.01}'),
        ("cash", "stop", ""),
        "stop",
    ]


def test_changes_that_fit_only_together_are_taken_one_after_another() -> None:
    rehearsal = Rehearsal(spec(msgspec.structs.replace(MAKER, strategy="alpha", config={})))
    with pytest.raises(ValueError, match="fast"):
        rehearsal.change("maker", {"fast": 500})
    rehearsal.change("maker", {"slow": 1_000})
    rehearsal.change("maker", {"fast": 500})


def test_only_who_can_read_the_file_gets_in_and_nothing_is_left(tmp_path: Path) -> None:
    notes = Notes()
    with pytest.raises(ControlError, match="nobody plays this run now"):
        ask(tmp_path, "status")
    info = match_info(MATCH)
    with RunFolder(tmp_path, info, packed=False) as folder:
        path = folder.path / CONTROL_FILE
        path.write_text("what a killed process has left")
        with controlled(folder.path, notes, Rehearsal(MATCH)):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            contact = msgspec.json.decode(path.read_bytes(), type=Contact)
            assert ask(folder.path, "pause").state == "playing"
            with pytest.raises(ControlRefusedError, match="do: expected one of"):
                ask(folder.path, "sell")
            kept = path.read_bytes()
            path.write_bytes(kept.replace(contact.secret.encode(), b"f" * 64))
            with pytest.raises(ControlRefusedError, match="secret: expected that of"):
                ask(folder.path, "stop")
            with socket.create_connection(("127.0.0.1", contact.port)) as silent:
                assert ask_again(path, kept, folder.path).state == "playing"
                silent.shutdown(socket.SHUT_WR)
                assert silent.recv(1) == b""
        assert notes.done == ["pause"]
        assert not path.exists()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", contact.port))
        path.write_bytes(kept)
        with pytest.raises(ControlError, match="does not answer"):
            ask(folder.path, "status")
    with pytest.raises(ControlError, match="nobody plays this run now; the process that did was killed"):
        ask(folder.path, "status")


def ask_again(path: Path, kept: bytes, folder: Path) -> WorldStatus:
    path.write_bytes(kept)
    return ask(folder, "status")


def beside(work: Callable[[], None]) -> tuple[threading.Thread, list[BaseException]]:
    """Start a thread that keeps what goes wrong in it."""
    errors: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - told by the test
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread, errors


def steer_while_open(gated: Gated, run: Path) -> None:
    """Do one thing after another while the bot's window is being computed."""
    try:
        found = ask(run, "status")
        assert found.state == "playing"
        assert ask(run, "pause").state == "paused"
        assert ask(run, "set", account="gate", values={"lots": 7}).state == "paused"
        with pytest.raises(ControlRefusedError, match="gate: lots: "):
            ask(run, "set", account="gate", values={"lots": 700})
        ask(run, "pause", account="scalper")
        ask(run, "stop", account="maker")
        assert ask(run, "resume").state == "playing"
        assert gated.open
    finally:
        gated.let_go()


def check_steered(journal: Path) -> None:
    """The bots did what was asked of them, and a replay finds the same."""
    streams = read_journal(journal).streams
    steered = [each for stream in streams.values() for each in stream if isinstance(each, Steered)]
    assert sorted((each.account_id, each.action, each.values) for each in steered) == [
        ("gate", "set", '{"lots":7}'),
        ("maker", "stop", ""),
        ("scalper", "pause", ""),
    ]
    assert len({each.ts_ns for each in steered}) == 1
    assert replay_journal(journal).equal


def test_a_match_in_one_process_is_steered_while_a_window_is_computed(arena: Arena, gated: Gated) -> None:
    def steer() -> None:
        gated.wait()
        steer_while_open(gated, next(Path("runs").iterdir()))

    thread, errors = beside(steer)
    answer = arena("match", str(gated.file), "--json")
    thread.join()
    assert errors == []
    assert answer.code == ExitCode.DONE, answer.err
    document = answer.document
    check_steered(Path(document["journal"]))
    folder = Path(document["folder"])
    assert not (folder / CONTROL_FILE).exists()
    status = arena("world", "status", folder.name)
    assert status.code == ExitCode.ENVIRONMENT
    assert "nobody plays this run now" in status.err


def test_the_commands_of_the_page_steer_a_match(arena: Arena, gated: Gated) -> None:
    words = [
        shlex.split(command)[1:]
        for command in re.findall(r"^\$ (arena world .*)$", PAGE.read_text(), re.MULTILINE)
    ]
    assert {each[1] for each in words} == {"status", "pause", "resume", "set", "stop"}
    codes = []

    def steer() -> None:
        gated.wait()
        try:
            codes.extend([run(each) for each in words])
        finally:
            gated.let_go()

    thread, errors = beside(steer)
    answer = arena("match", str(gated.file))
    thread.join()
    assert errors == []
    assert codes == [ExitCode.DONE] * len(words), answer.err
    assert answer.code == ExitCode.DONE
    assert "playing, process: " in answer.out
    assert "paused, process: " in answer.out
    assert all(len(line) <= 80 for line in answer.out.splitlines() if not line.startswith("Report"))


def test_a_match_in_one_process_is_stopped_from_outside(arena: Arena, gated: Gated) -> None:
    def stop() -> None:
        gated.wait()
        try:
            ask(next(Path("runs").iterdir()), "stop")
        finally:
            gated.let_go()

    thread, errors = beside(stop)
    answer = arena("match", str(gated.file))
    thread.join()
    assert errors == []
    assert answer.code == ExitCode.INTERRUPTED
    assert answer.err == "arena: stopped; nothing is kept of a match that is played in one process\n"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["match", "--placement", "everywhere"], "placement: expected process, account, auto or shards=N"),
        (["match", "--placement", "shards=0"], "was 'shards=0'"),
        (["match", "--resume", "--fresh"], "--resume, --fresh: expected at most one"),
        (["world", "status", "nothing"], "RUN: expected a match under runs (none yet), was 'nothing'"),
        (["world", "set", "x", "maker", "half_spread"], "FIELD=VALUE: expected a field, = and its value"),
    ],
    ids=" ".join,
)
def test_wrong_words_are_one_line(arena: Arena, words: list[str], expected: str) -> None:
    answer = arena(*words)
    assert answer.code == ExitCode.INPUT
    assert len(answer.err.splitlines()) == 1
    assert expected in answer.err


def test_auto_says_what_it_took_and_changes_nothing(arena: Arena, gated: Gated) -> None:
    (gated.folder / "came").touch()
    here = arena("match", str(gated.file), "--json").document
    auto = arena("match", str(gated.file), "--json", "--placement", "auto")
    assert auto.document["digest"] == here["digest"]
    assert re.match(r"Placement: process \(a window: market .* ms, bots .* ms; the match: process", auto.err)


def test_a_world_that_was_stopped_is_left_alone(arena: Arena, gated: Gated) -> None:
    match = load_match(gated.file)
    info = match_info(match)
    words = ["match", str(gated.file), "--placement", "shards=2"]
    with RunFolder(Path("runs"), info, packed=False) as folder:
        tape = folder.path / TAPE_FILE
        tape.write_bytes(b"what was done so far" * 5)
        locked = arena(*words)
    assert locked.code == ExitCode.ENVIRONMENT
    assert "another process is working on this run" in locked.err
    unsaid = arena(*words)
    assert unsaid.code == ExitCode.INPUT
    assert "a world that was stopped is here; use --resume to go on with it, or --fresh to" in unsaid.err
    here = arena(*words[:2], "--resume")
    assert here.code == ExitCode.INPUT
    assert "placement: expected shards=N or account to go on with the world that was stopped" in here.err
    with RunFolder(Path("runs"), info, mode=OpenMode.RESUME, packed=False) as folder:
        folder.catalogue.begin(msgspec.structs.replace(info, code="other"))
    changed = arena(*words, "--resume")
    assert changed.code == ExitCode.INPUT
    assert "this world was started by other code (other, now" in changed.err
    assert tape.read_bytes() == b"what was done so far" * 5
    (gated.folder / "came").touch()
    assert arena(*words[:2], "--fresh").code == ExitCode.DONE
    assert not tape.exists()
    Keeper(str(tape.parent), info.digest, "match.journal")
    assert arena(*words[:2]).code == ExitCode.DONE, "a world that never began is in nobody's way"


def test_a_file_may_say_where_its_bots_live(arena: Arena, gated: Gated) -> None:
    text = gated.file.read_text()
    gated.file.write_text(text + '[world]\nplacement = "shard"\n')
    answer = arena("match", str(gated.file))
    assert answer.code == ExitCode.INPUT
    assert "world.placement: " in answer.err
    assert "expected process, account, auto or shards=N" in answer.err
