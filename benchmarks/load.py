"""A load generator: so many requests a second at one address, whatever becomes of them, each counted.

The clock sets the pace, not the answers: a server that hesitates gets the next request all the same. A request is lost
when it was sent and no whole answer with a status below 300 came.
"""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass, field

ANSWER_SECONDS = 30.0  # later is lost; a machine that is busy with other things may be slow
MOST_IDLE = 64  # connections kept between requests
MAX_BODY = 1024 * 1024
GOOD = range(200, 300)


@dataclass
class Count:
    """What became of the requests. `seconds`: how long each good answer took."""

    sent: int = 0
    seconds: list[float] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)  # why, one entry a request
    bodies: dict[str, int] = field(default_factory=dict)  # how often each was answered

    def slowest_of(self, share: float) -> float:
        """Seconds within which this share of the good answers came."""
        ordered = sorted(self.seconds)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0


@dataclass
class Load:
    """Requests for `host` at `address`; `keep_alive`: connections are used again, else each request has its own."""

    address: str
    port: int
    host: str
    path: str = "/"
    rate: float = 200.0  # a second
    keep_alive: bool = True
    count: Count = field(default_factory=Count)
    _idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = field(default_factory=list)

    async def run(self, stop: asyncio.Event) -> Count:
        """Until `stop`, and until every answer has come."""
        started, open_now = time.monotonic(), set[asyncio.Task[None]]()
        while not stop.is_set():
            task = asyncio.ensure_future(self._request())
            open_now.add(task)
            task.add_done_callback(open_now.discard)
            self.count.sent += 1
            due = started + self.count.sent / self.rate
            with suppress(TimeoutError):
                async with asyncio.timeout(max(due - time.monotonic(), 0)):
                    await stop.wait()
        if open_now:
            await asyncio.wait(open_now)
        for _, writer in self._idle:
            writer.close()
        return self.count

    async def _request(self) -> None:
        began = time.monotonic()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                status, body = await self._exchange()
        except (OSError, EOFError, ValueError, TimeoutError) as error:
            self.count.lost.append(f"{type(error).__name__}: {error}")
            return
        if status in GOOD:
            self.count.seconds.append(time.monotonic() - began)
            self.count.bodies[body] = self.count.bodies.get(body, 0) + 1
        else:
            self.count.lost.append(f"status {status}")

    async def _exchange(self) -> tuple[int, str]:
        reader, writer = await self._connection()
        kept = False
        try:
            again = "keep-alive" if self.keep_alive else "close"
            writer.write(f"GET {self.path} HTTP/1.1\r\nHost: {self.host}\r\nConnection: {again}\r\n\r\n".encode())
            await writer.drain()
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            status = int(head.split(" ", 2)[1])
            length = int(head.split("content-length:", 1)[1].split("\r\n", 1)[0])
            if length > MAX_BODY:
                raise ValueError("a long body")
            body = (await reader.readexactly(length)).decode(errors="replace").strip()
            kept = self.keep_alive and "connection: close" not in head and len(self._idle) < MOST_IDLE
            if kept:
                self._idle.append((reader, writer))
            return status, body
        finally:
            if not kept:
                writer.close()

    async def _connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """One that is open and idle, or a new one. What the other side has closed is not used."""
        while self._idle:
            reader, writer = self._idle.pop()
            if not reader.at_eof() and not writer.is_closing():
                return reader, writer
            writer.close()
        return await asyncio.open_connection(self.address, self.port)
