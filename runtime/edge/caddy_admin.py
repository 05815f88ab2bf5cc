"""Caddy's admin API, on its unix socket."""

import http.client
import json
import socket
from pathlib import Path
from typing import Any

TIMEOUT_SECONDS = 30.0
LOOK_SECONDS = 1.0
MAX_ANSWER = 16 * 1024 * 1024
MAX_WORDS = 1000


class CaddyDown(Exception):
    """Nobody answers."""


class CaddyRefused(Exception):
    """It did not take what it was given; the words are Caddy's."""


def answers(admin: Path) -> bool:
    """Somebody listens."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(LOOK_SECONDS)
        return probe.connect_ex(str(admin)) == 0


def configuration(admin: Path) -> Any:
    """What it runs now; None for nothing. CaddyDown."""
    return json.loads(_ask(admin, "GET", "/config/"))


def load(admin: Path, wanted: dict[str, Any]) -> None:
    """Run this from now on. Requests under way end as they began. CaddyDown, CaddyRefused."""
    _ask(admin, "POST", "/load", json.dumps(wanted).encode())


def under_way(admin: Path) -> dict[str, int]:
    """Requests that are not answered yet, by `address:port` of who answers them. CaddyDown."""
    told = json.loads(_ask(admin, "GET", "/reverse_proxy/upstreams")) or []
    return {one["address"]: int(one["num_requests"]) for one in told}


def _ask(admin: Path, method: str, path: str, body: bytes = b"") -> bytes:
    connection = _Connection(admin)
    try:
        # Caddy expects no host name of who comes by the socket.
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        connection.putheader("Host", "")
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        said = answer.read(MAX_ANSWER)
    except (OSError, http.client.HTTPException) as error:
        raise CaddyDown(str(error)) from error
    finally:
        connection.close()
    if answer.status != http.client.OK:
        raise CaddyRefused(said.decode(errors="replace")[:MAX_WORDS])
    return said


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=TIMEOUT_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))
