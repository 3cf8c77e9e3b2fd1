"""A cluster that takes work from anybody is refused."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from actors.cluster import refuse_open_cluster
from actors.pool import PoolError


@contextmanager
def _dashboard(answer: object) -> Iterator[str]:
    """Answer like a dashboard that is asked for its mode."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/api/authentication_mode" else 404)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_cluster_without_a_token_is_joined_only_on_demand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    with _dashboard({"authentication_mode": "disabled"}) as url:
        with pytest.raises(PoolError, match="expected token authentication, was disabled"):
            refuse_open_cluster(url)
        monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
        refuse_open_cluster(url)


@pytest.mark.parametrize("answer", [{"authentication_mode": "token"}, {}])
def test_a_cluster_with_a_token_or_without_an_answer_is_joined(
    monkeypatch: pytest.MonkeyPatch, answer: dict[str, str]
) -> None:
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    with _dashboard(answer) as url:
        refuse_open_cluster(url)
    refuse_open_cluster(url)  # nobody is there any more
