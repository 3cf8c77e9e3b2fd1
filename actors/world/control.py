"""The way to a match that another process plays: a port on this machine, and the secret that opens it.

The process that plays listens on a port of 127.0.0.1 and says which, with a secret it has drawn, in a file of
the run's folder that only its user can read. A request is a line of JSON, so is the answer; one a connection.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import secrets
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from actors.config_errors import ConfigError
from actors.storage import storage_errors
from actors.world.controls import Controls
from actors.world.parts import WorldError
from actors.world.rehearsal import Rehearsal
from actors.world.world import WorldStatus
from exchange_sim.ports import Steering

CONTROL_FILE: Final = "control.json"
HOST: Final = "127.0.0.1"
DEEDS: Final = ("status", "pause", "resume", "stop", "set")

_REQUEST_BYTES = 100_000
_IDLE_S = 10.0
_POLL_S = 0.05


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """What the control file says: the port, the secret, and the process that listens."""

    port: int
    secret: str
    pid: int


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody wants: one of `DEEDS`, of the whole match or of an account."""

    secret: str
    do: str
    account: str = ""
    values: dict[str, Any] = {}


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What comes of a request; `error` is empty where it was taken."""

    error: str = ""
    status: WorldStatus | None = None


class ControlDesk:
    """Answers requests.

    Parameters
    ----------
    controls
        Of the match.
    rehearsal
        Tells whether a configuration can be changed as wanted.
    secret
        What a request must know.
    """

    def __init__(self, controls: Controls, rehearsal: Rehearsal, secret: str) -> None:
        self._controls = controls
        self._rehearsal = rehearsal
        self._secret = secret.encode()
        self._one_at_a_time = threading.Lock()

    def answer(self, line: bytes) -> bytes:
        """Return the answer to a line, as a line."""
        return msgspec.json.encode(self._reply(line)) + b"\n"

    def _reply(self, line: bytes) -> Reply:
        if len(line) > _REQUEST_BYTES:
            return Reply(error=f"request: expected at most {_REQUEST_BYTES:,} bytes, was more")
        try:
            request = msgspec.json.decode(line, type=Request)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return Reply(error=f"request: expected a line of JSON: {error}")
        if not hmac.compare_digest(request.secret.encode(), self._secret):
            return Reply(error=f"secret: expected that of {CONTROL_FILE}, was another")
        try:
            with self._one_at_a_time:
                return self._do(request)
        except (ConfigError, ValueError, WorldError) as error:
            return Reply(error=" ".join(str(error).split()))

    def _do(self, request: Request) -> Reply:
        controls, do = self._controls, request.do
        if do not in DEEDS:
            raise ValueError(f"do: expected one of {', '.join(DEEDS)}, was {do!r}")
        if do == "set" and not (request.account and request.values):
            raise ValueError("set: expected an account and fields of its configuration, was without")
        if request.account and do != "status":
            self._steer(request)
        elif do == "pause":
            controls.pause()
        elif do == "resume":
            controls.resume()
        elif do == "stop":
            found = controls.status()  # afterwards there may be nobody to ask
            controls.stop()
            return Reply(status=msgspec.structs.replace(found, state="stopping"))
        return Reply(status=controls.status())

    def _steer(self, request: Request) -> None:
        account, values = request.account, b""
        self._rehearsal.check_account(account)
        for each in self._controls.status().accounts:
            if each.name == account and (each.stopped or each.disqualified):
                raise ValueError(f"account: expected one that is playing, was {account!r}, which has ended")
        if request.do == "set":
            self._rehearsal.change(account, request.values)
            values = msgspec.json.encode(request.values)
        self._controls.steer(account, Steering(request.do, values.decode()))


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    desk: ControlDesk


class _Connection(socketserver.StreamRequestHandler):
    timeout = _IDLE_S
    server: _Server

    def handle(self) -> None:
        with contextlib.suppress(OSError):  # whoever asked has left
            line = self.rfile.readline(_REQUEST_BYTES + 1)
            if line:
                self.wfile.write(self.server.desk.answer(line))


@contextmanager
def controlled(folder: Path, controls: Controls, rehearsal: Rehearsal) -> Iterator[None]:
    """Let other processes of this user control a match while it is played; its run is kept in `folder`.

    Raises
    ------
    StorageError
        The control file cannot be written.
    """
    secret = secrets.token_hex(32)
    path = folder / CONTROL_FILE
    with _Server((HOST, 0), _Connection) as server:
        server.desk = ControlDesk(controls, rehearsal, secret)
        _write_for_user(path, Contact(port=server.server_address[1], secret=secret, pid=os.getpid()))
        thread = threading.Thread(target=server.serve_forever, args=(_POLL_S,), name="control", daemon=True)
        thread.start()
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
            server.shutdown()
            thread.join()


def _write_for_user(path: Path, contact: Contact) -> None:
    """Write a file that nobody else may ever have open; one that was left by a killed process is replaced."""
    with storage_errors(path):
        path.unlink(missing_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.encode(contact) + b"\n")
