"""Calls out reach what they may, and nothing else, whatever a name says a moment later."""

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from webapp import reach

pytestmark = pytest.mark.thorough

asked: list[str] = []


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        asked.append(self.path)
        if self.path == "/elsewhere":
            self.send_response(302)
            self.send_header("Location", "/secret")
            self.end_headers()
            return
        body = b"x" * (3 * 1024 * 1024) if self.path == "/large" else b"hello"
        self.send_response(200)
        self.send_header("X-Seen", self.headers["Host"])
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            return

    def do_POST(self) -> None:
        size = int(self.headers["Content-Length"])
        self.send_response(201)
        self.end_headers()
        self.wfile.write(self.rfile.read(size)[::-1])

    def log_message(self, *said: Any) -> None:
        """Says nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    asked.clear()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def nothing_private(settings: Settings) -> None:
    """As an installation is where nobody has set anything."""
    settings.PRIVATE_TARGETS = []


def test_a_private_address_is_not_called(port: int) -> None:
    for host in ("127.0.0.1", "localhost"):
        with pytest.raises(reach.Unreached) as refused:
            reach.call("GET", f"http://{host}:{port}/")
        assert refused.value.code == "ssrf.blocked" and "SLIPWAY_PRIVATE_TARGETS" in refused.value.detail
    assert asked == []


@pytest.mark.parametrize("entry", ["127.0.0.1", "127.0.0.0/8"])
def test_unless_an_administrator_allows_it(port: int, entry: str, settings: Settings) -> None:
    settings.PRIVATE_TARGETS = [entry]
    answer = reach.call("GET", f"http://127.0.0.1:{port}/")
    assert (answer.status, answer.text, answer.headers["x-seen"]) == (200, "hello", f"127.0.0.1:{port}")
    assert reach.call("POST", f"http://127.0.0.1:{port}/", body=b"abc").text == "cba"


def test_a_public_name_that_leads_to_a_private_address_is_not_called(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lookup(host: str, port: int, **more: Any) -> list[Any]:
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in ("93.184.215.14", "127.0.0.1")
        ]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    assert reach.is_allowed("ci.example.org")
    with pytest.raises(reach.Unreached) as refused:
        reach.call("GET", f"http://ci.example.org:{port}/")
    assert refused.value.code == "ssrf.blocked" and asked == []


def test_an_address_too_many_to_be_tried_is_asked_about_all_the_same(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = [*(f"93.184.215.{last}" for last in range(1, reach.MAX_ADDRESSES + 1)), "10.0.0.5"]

    def lookup(host: str, port: int, **more: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in many]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    with pytest.raises(reach.Unreached) as refused:
        reach.call("GET", f"http://ci.example.org:{port}/", seconds=0.2)
    assert refused.value.code == "ssrf.blocked"


def test_the_address_that_was_asked_about_is_the_one_connected_to(
    port: int, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    """The second look-up would lead elsewhere; there is none."""
    settings.PRIVATE_TARGETS = ["127.0.0.0/8"]
    answers = iter(["127.0.0.1", "127.0.0.2"])
    real = socket.getaddrinfo

    def lookup(host: str, port: int, *args: Any, **more: Any) -> list[Any]:
        address = next(answers) if host == "ci.example.org" else host
        return real(address, port, *args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    assert reach.call("GET", f"http://ci.example.org:{port}/").headers["x-seen"] == f"ci.example.org:{port}"
    assert next(answers) == "127.0.0.2"


def test_where_the_first_address_does_not_answer_the_next_is_tried(
    port: int, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.PRIVATE_TARGETS = ["127.0.0.0/8"]
    real = socket.getaddrinfo

    def lookup(host: str, port: int, *args: Any, **more: Any) -> list[Any]:
        both = ["127.0.0.9", "127.0.0.1"] if host == "ci.example.org" else [host]
        return [entry for address in both for entry in real(address, port, *args, **more)]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    assert reach.call("GET", f"http://ci.example.org:{port}/").status == 200


def test_a_redirect_is_an_answer_and_is_not_followed(port: int, settings: Settings) -> None:
    settings.PRIVATE_TARGETS = ["127.0.0.1"]
    assert reach.call("GET", f"http://127.0.0.1:{port}/elsewhere").status == 302
    assert asked == ["/elsewhere"]


def test_a_large_answer_is_cut(port: int, settings: Settings) -> None:
    settings.PRIVATE_TARGETS = ["127.0.0.1"]
    assert len(reach.call("GET", f"http://127.0.0.1:{port}/large").text) == reach.MAX_ANSWER_BYTES


def test_what_does_not_answer_is_told_apart(port: int, settings: Settings) -> None:
    settings.PRIVATE_TARGETS = ["127.0.0.1"]
    with pytest.raises(reach.Unreached, match="refuses the connection"):
        reach.call("GET", "http://127.0.0.1:9/")
    with pytest.raises(reach.Unreached, match="does not speak TLS"):
        reach.call("GET", f"https://127.0.0.1:{port}/")
    with socket.create_server(("127.0.0.1", 0)) as mute, pytest.raises(reach.Unreached) as refused:
        reach.call("GET", f"http://127.0.0.1:{mute.getsockname()[1]}/", seconds=0.3)
    assert refused.value.code == "reach.silent"


def test_the_proxy_of_the_environment_is_not_asked(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{port}")
    with pytest.raises(reach.Unreached):
        reach.call("GET", "http://10.0.0.1:1/")
    assert asked == []
