"""Bodies are bounded before a word of them is judged; an upload's is read by its view while it comes."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.http import HttpResponse

from webapp.rest import door
from webapp.rest.door import MAX_BODY, Door

UPLOADS = "/api/v1/projects/x/uploads/"
View = Callable[[Any], HttpResponse]


class Facing(Door):
    """The door in front of one view, without the house behind it."""

    def __init__(self, view: View) -> None:
        self._view = view

    async def run_get_response(self, request: Any) -> Any:
        return await sync_to_async(self._view)(request)


class Client:
    """Sends a body in parts, and notes what is answered and how much of it was taken."""

    def __init__(self, parts: int, *, size: int = 1 << 20, gone: bool = False, stalls: bool = False) -> None:
        self.left, self.size, self.gone, self.stalls = parts, size, gone, stalls
        self.taken = 0
        self.answers: list[Any] = []

    async def receive(self) -> dict[str, Any]:
        if self.left == 0:
            if self.stalls or not self.gone:
                await asyncio.Event().wait()
            return {"type": "http.disconnect"}
        self.left -= 1
        self.taken += self.size
        last = self.left == 0 and not self.gone and not self.stalls
        return {"type": "http.request", "body": bytes(self.size), "more_body": not last}

    async def send(self, message: Any) -> None:
        self.answers.append(message)

    @property
    def status(self) -> int:
        return int(self.answers[0]["status"])


async def ask(view: View, client: Client, path: str = UPLOADS, headers: dict[bytes, bytes] | None = None) -> None:
    told = list((headers or {}).items())
    scope = {"type": "http", "method": "POST", "path": path, "headers": told, "query_string": b"", "root_path": ""}
    async with asyncio.timeout(20):
        await Facing(view)(scope, client.receive, client.send)


def read_all(request: Any) -> HttpResponse:
    size = 0
    while chunk := request.read(1000_000):
        size += len(chunk)
    return HttpResponse(str(size))


async def test_an_upload_reaches_its_view_while_it_comes() -> None:
    client, seen = Client(40), []

    def view(request: Any) -> HttpResponse:
        request.read(10)
        seen.append(client.taken)
        return read_all(request)

    await ask(view, client)
    assert client.status == 200 and client.answers[1]["body"] == str((40 << 20) - 10).encode()
    assert seen == [1 << 20]


async def test_an_upload_that_is_refused_is_not_read_and_its_connection_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "LINGER_SECONDS", 0.05)
    client = Client(1, stalls=True)
    await ask(lambda request: HttpResponse(status=413), client)
    assert client.status == 413 and (b"connection", b"close") in client.answers[0]["headers"]
    assert [answer.get("more_body") for answer in client.answers[1:]] == [True, False]


def reading(told: list[str], request: Any) -> HttpResponse:
    """A view that reads all that comes, and notes what went wrong."""
    try:
        return read_all(request)
    except OSError as error:
        told.append(str(error))
        return HttpResponse(status=400)


async def test_a_sender_that_goes_is_an_error_to_who_reads() -> None:
    told: list[str] = []
    await ask(partial(reading, told), Client(2, gone=True))
    assert told == ["the sender is gone"]


async def test_a_sender_that_falls_silent_is_an_error_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "IDLE_SECONDS", 0.05)
    monkeypatch.setattr(door, "LINGER_SECONDS", 0.05)
    told: list[str] = []
    await ask(partial(reading, told), Client(1, stalls=True))
    assert told == ["nothing came for too long"]


@pytest.mark.parametrize("path", ["/", "/api/v1/images/", "/api/v1/projects/x/uploads/y/", "/ingest/claims/"])
async def test_an_endless_body_elsewhere_is_413_and_no_view_hears_of_it(path: str) -> None:
    def view(request: Any) -> HttpResponse:
        raise AssertionError

    endless = Client(1000)
    await ask(view, endless, path)
    assert endless.status == 413 and endless.taken <= MAX_BODY + (1 << 20)


async def test_a_length_that_is_too_large_is_413_before_anything_is_read() -> None:
    client = Client(1000)
    await ask(read_all, client, "/", {b"content-length": str(MAX_BODY + 1).encode()})
    assert client.status == 413 and client.taken == 0


async def test_an_uploads_form_is_read_too() -> None:
    """By lines, to its end, as the framework does when it is through with the parts."""
    client = Client(3, size=1000)
    await ask(lambda request: HttpResponse(str(sum(map(len, request)))), client)
    assert client.answers[1]["body"] == b"3000"


async def test_an_ordinary_body_is_whole_when_its_view_runs() -> None:
    client = Client(3)
    await ask(read_all, client, "/")
    assert client.status == 200 and client.answers[1]["body"] == str(3 << 20).encode()
