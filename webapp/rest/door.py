"""How bodies come in: bounded for everything, and where files are taken not kept but handed on while they arrive.

Django's own handler writes a body of any size to disk before a word of the request is judged. Here the size is judged
as it comes, and an upload's view runs while its body is on the way, so that it refuses before it has read.
"""

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from django.core.handlers.asgi import ASGIHandler

from webapp.problems import TooLarge

MAX_BODY = 16 * 1024 * 1024  # hosts' reports are the largest ordinary ones
IDLE_SECONDS = 30.0  # an upload from which nothing comes for so long is over
PIECE = 64 * 1024
LINGER_SECONDS = 2.0  # so long the rest of a refused body is passed over, for its sender to hear why
UPLOADS = re.compile(r"/api/v1/projects/[^/]+/uploads/|/projects/[^/]+/uploads/")

Message = Mapping[str, Any]


class BodyTooLarge(Exception):
    """More than anybody may send here."""


class Door(ASGIHandler):
    """Django's handler, with bodies as above."""

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["method"] == "POST" and UPLOADS.fullmatch(scope["path"]):
            body = StreamedBody(receive)
            await super().handle(scope, body, _Answer(send, body))
            return
        try:
            await super().handle(scope, _counted(scope, receive), send)
        except BodyTooLarge:
            await _refuse(send)

    async def read_body(self, receive: Any) -> Any:
        return receive if isinstance(receive, StreamedBody) else await super().read_body(receive)


class StreamedBody:
    """The body as a file that the request's thread reads while it comes; and, when called, what comes after it."""

    def __init__(self, receive: Callable[[], Any]) -> None:
        self._receive = receive
        self._loop = asyncio.get_running_loop()
        self._over = asyncio.Event()
        self._buffer = b""
        self._ended = False
        self._gone = False

    @property
    def is_read(self) -> bool:
        return self._ended

    async def __call__(self) -> Message:
        """For who waits for a disconnection: not before the body is over."""
        await self._over.wait()
        return {"type": "http.disconnect"} if self._gone else await self._receive()

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes; without it what is left, within the bound of ordinary bodies. OSError: it broke off."""
        if size < 0:
            return self._rest()
        while not self._buffer and not self._ended:
            self._buffer = self._next()
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return taken

    def readline(self, size: int = -1) -> bytes:
        """The next piece, whatever lines it holds: the framework passes over what follows a form's last part so."""
        return self.read(PIECE)

    def close(self) -> None:
        """Nothing is held."""

    async def drain(self) -> None:
        """Pass over what still comes."""
        while not self._ended:
            self._take(await self._receive())

    def _rest(self) -> bytes:
        found = b""
        while chunk := self.read(MAX_BODY):
            found += chunk
            if len(found) > MAX_BODY:
                raise TooLarge(code="input.too_large", detail=f"At most {MAX_BODY} bytes here.")
        return found

    def _next(self) -> bytes:
        """From the request's thread: wait for the next part."""
        coming = asyncio.run_coroutine_threadsafe(self._one(), self._loop)
        try:
            part = coming.result(timeout=IDLE_SECONDS)
        except TimeoutError as error:
            coming.cancel()
            raise OSError("nothing came for too long") from error
        if self._gone:
            raise OSError("the sender is gone")
        return part

    async def _one(self) -> bytes:
        return self._take(await self._receive())

    def _take(self, message: Message) -> bytes:
        self._gone = message["type"] == "http.disconnect"
        if self._gone or not message.get("more_body", False):
            self._ended = True
            self._over.set()
        body: bytes = message.get("body", b"")
        return body


class _Answer:
    """Sends an answer; one that comes before the body was read ends the connection, a moment later."""

    def __init__(self, send: Callable[[Message], Any], body: StreamedBody) -> None:
        self._send, self._body = send, body

    async def __call__(self, message: Message) -> None:
        if self._body.is_read:
            await self._send(message)
        elif message["type"] == "http.response.start":
            await self._send({**message, "headers": [*message["headers"], (b"connection", b"close")]})
        elif message.get("more_body", False):
            await self._send(message)
        else:
            await self._send({**message, "more_body": True})
            await self._linger()
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _linger(self) -> None:
        """Closed at once, the connection would take the answer with it from a sender who still sends."""
        try:
            async with asyncio.timeout(LINGER_SECONDS):
                await self._body.drain()
        except TimeoutError:
            return


def _counted(scope: Any, receive: Callable[[], Any]) -> Callable[[], Any]:
    declared = dict(scope["headers"]).get(b"content-length", b"")
    left = MAX_BODY

    async def receiving() -> Message:
        nonlocal left
        if declared.isdigit() and int(declared) > MAX_BODY:
            raise BodyTooLarge
        message: Message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise BodyTooLarge
        return message

    return receiving


async def _refuse(send: Callable[[Message], Any]) -> None:
    told = TooLarge(code="input.too_large", detail=f"A body has at most {MAX_BODY} bytes here.").as_problem()
    headers = [(b"content-type", b"application/problem+json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(told).encode(), "more_body": False})
