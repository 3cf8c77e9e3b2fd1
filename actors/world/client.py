"""Asks the process that plays a match; see `actors.world.control`."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from actors.run_folder import is_worked_on
from actors.world.control import CONTROL_FILE, HOST, Contact, Reply, Request
from actors.world.world import WorldStatus

_ANSWER_S = 30.0


class ControlError(RuntimeError):
    """Nobody plays the run, or the process that does cannot be asked."""


class ControlRefusedError(ValueError):
    """The process that plays the run does not do what was asked; the text says why."""


def ask(folder: Path, do: str, *, account: str = "", values: Mapping[str, Any] | None = None) -> WorldStatus:
    """Ask the process that plays the run in `folder`, and return how the match stands.

    Parameters
    ----------
    do
        One of `actors.world.control.DEEDS`.
    account
        Whom it concerns; empty for the match.
    values
        With `set`: fields of the account's configuration.

    Raises
    ------
    ControlError
        It cannot be asked.
    ControlRefusedError
        It refuses.
    """
    contact = _contact(folder)
    request = Request(secret=contact.secret, do=do, account=account, values=dict(values or {}))
    try:
        with socket.create_connection((HOST, contact.port), timeout=_ANSWER_S) as connection:
            connection.sendall(msgspec.json.encode(request) + b"\n")
            with connection.makefile("rb") as file:
                line = file.readline()
    except OSError as error:
        raise ControlError(f"{folder}: the process that plays it does not answer: {error}") from error
    try:
        reply = msgspec.json.decode(line, type=Reply)
    except msgspec.DecodeError:
        raise ControlError(f"{folder}: the process that plays it has ended meanwhile") from None
    if reply.status is None:
        raise ControlRefusedError(reply.error)
    return reply.status


def _contact(folder: Path) -> Contact:
    path = folder / CONTROL_FILE
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise ControlError(f"{folder}: nobody plays this run now") from None
    except OSError as error:
        raise ControlError(f"{path}: cannot be read: {error.strerror}") from None
    if not is_worked_on(folder):
        raise ControlError(f"{folder}: nobody plays this run now; the process that did was killed")
    try:
        return msgspec.json.decode(content, type=Contact)
    except msgspec.DecodeError as error:
        raise ControlError(f"{path}: expected a control file: {error}") from None
