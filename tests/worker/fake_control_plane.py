"""A control plane for tests of the worker: real HTTP and a real WebSocket on loopback, its memory in plain lists.

It checks credential and tokens, numbers nothing itself, refuses gaps and drops what it knows, as the real one does, and
misbehaves on request.
"""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec
import uvicorn

from runtime.contract import wire
from runtime.contract.link import (
    Ask,
    Down,
    Hello,
    Kept,
    LinkEnd,
    LinkLines,
    Positions,
    Up,
    Welcome,
    encoder,
    up_decoder,
)
from runtime.contract.names import HEADER_JOB_TOKEN
from runtime.contract.orders import Order
from runtime.contract.reports import Claim, Finish, HeartbeatAnswer, Line, LinesAnswer, LogPosition, Progress, Step
from runtime.redaction import Secret
from tests.waiting import until

CREDENTIAL = "slh_0123456789abcdef"
INSTANCE = "01testinstance000000000000"

Frame = TypeVar("Frame", bound=msgspec.Struct)
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


@dataclass
class FakeLog:
    """Numbered lines: the first `archived` are kept for good, the rest is the hot tail."""

    lines: list[Line] = field(default_factory=list)
    archived: int = 0
    ended: str | None = None
    offered: int = 0  # lines that were sent, repetitions included

    @property
    def last(self) -> int:
        return len(self.lines)

    def append(self, first: int, lines: list[Line]) -> None:
        self.offered += len(lines)
        if first <= self.last + 1:
            self.lines += lines[self.last + 1 - first :]

    def lose_hot_tail(self) -> None:
        """As when Redis comes back empty."""
        del self.lines[self.archived :]

    @property
    def texts(self) -> list[str]:
        return [line[2] for line in self.lines]


@dataclass
class FakeJob:
    """A job and what was said about it."""

    order: Order
    log: str
    secrets: dict[str, str] = field(default_factory=dict)
    state: str = "queued"
    attempt: int = 0
    cancel: bool = False
    lease: float = 3.0
    progress: list[Progress] = field(default_factory=list)
    finish: Finish | None = None
    beats: int = 0

    @property
    def token(self) -> str:
        return f"token-of-attempt-{self.attempt}"

    @property
    def steps(self) -> dict[int, Step]:
        """As they stood last."""
        return {step.number: step for told in self.progress for step in told.steps}


@dataclass
class Trouble:
    """The next `times` calls of `call` go wrong: a status, "lost" (done, but unanswered), or "reset" (not done)."""

    call: str
    what: int | str
    times: int = 1


class FakeControlPlane:
    """Use as a context manager. Everything may be read and changed from the test's thread."""

    def __init__(self) -> None:
        self.forget()
        self._open: list[tuple[asyncio.AbstractEventLoop, Send]] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(
            self._app, interface="asgi3", log_level="critical", lifespan="off", ws="websockets-sansio"
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True)

    def __enter__(self) -> "FakeControlPlane":
        self._thread.start()
        until(lambda: self._server.started)
        return self

    def __exit__(self, *_: object) -> None:
        self.break_links()
        self._server.should_exit = True
        self._thread.join(10)
        self._socket.close()

    def forget(self) -> None:
        """As if it had never been used."""
        self.jobs: dict[str, FakeJob] = {}
        self.logs: dict[str, FakeLog] = {}
        self.troubles: list[Trouble] = []
        self.calls: list[str] = []
        self.heard: list[Up] = []  # on the link
        self.links = 0  # opened so far
        self.archives_at_once = True
        self.takes_lines = True  # False: the hot tail is full
        self.refuses_links = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    @property
    def credential(self) -> Secret:
        return Secret(CREDENTIAL)

    def log(self, log: str) -> FakeLog:
        return self.logs.setdefault(log, FakeLog())

    def archive(self) -> None:
        """Keep for good all that is held."""
        for log in self.logs.values():
            log.archived = log.last

    def heard_of(self, kind: type[Frame]) -> list[Frame]:
        """Frames of this kind that came up the link."""
        return [frame for frame in self.heard if isinstance(frame, kind)]

    def tell(self, frame: Down) -> None:
        """Send a frame down every open link."""
        for loop, send in list(self._open):
            message = {"type": "websocket.send", "bytes": encoder.encode(frame)}
            asyncio.run_coroutine_threadsafe(_sent(send, message), loop).result(5)

    def break_links(self) -> None:
        """Every open link breaks."""
        for loop, send in list(self._open):
            asyncio.run_coroutine_threadsafe(_sent(send, {"type": "websocket.close", "code": 1012}), loop).result(5)

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
        allowed = headers.get("authorization") == f"Bearer {CREDENTIAL}" and headers.get("slipway-contract") == "1"
        if scope["type"] == "websocket":
            await self._link(allowed and scope["path"] == wire.LINK_PATH, receive, send)
        else:
            await self._call(scope["path"], allowed, headers.get(HEADER_JOB_TOKEN.lower(), ""), receive, send)

    async def _call(self, path: str, allowed: bool, token: str, receive: Receive, send: Send) -> None:
        body = await _body(receive)
        call = path.strip("/").split("/")[-1]
        self.calls.append(call)
        trouble = next((one for one in self.troubles if one.call == call and one.times > 0), None)
        if trouble is not None:
            trouble.times -= 1
            if isinstance(trouble.what, int):
                return await _answer(send, trouble.what, b'{"code": "told_to"}')
        status, answer = (401, b"{}") if not allowed else (0, b"")
        if allowed and (trouble is None or trouble.what != "reset"):
            status, answer = self._answer_to(path, call, token, body)
        if trouble is not None:
            # An answer that ends too early is what a broken connection looks like.
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]})
            raise ConnectionAbortedError("told to")
        return await _answer(send, status, answer)

    def _answer_to(self, path: str, call: str, token: str, body: bytes) -> tuple[int, bytes]:
        if call == "claims":
            return self._claim(wire.claim_request_decoder.decode(body).job)
        job_id = path.strip("/").split("/")[-2]
        job = self.jobs[job_id]
        if job.state not in ("claimed", "running") or token != job.token:
            done_before = call == "finish" and token == job.token and job.finish is not None
            return (204, b"") if done_before else (409, b'{"code": "job.not_yours"}')
        match call:
            case "heartbeat":
                wire.heartbeat_decoder.decode(body)
                job.beats += 1
                kept = self.log(job.log).archived
                return _json(HeartbeatAnswer(cancel=job.cancel, lease=job.lease, archived=kept))
            case "progress":
                job.progress.append(wire.progress_decoder.decode(body))
                return 204, b""
            case "lines":
                return self._lines(job, body)
            case _:
                return self._finish(job, wire.finish_decoder.decode(body))

    def _claim(self, job_id: str) -> tuple[int, bytes]:
        job = self.jobs.get(job_id)
        if job is None or job.state != "queued":
            return (404, b"{}") if job is None else (204, b"")
        job.state, job.attempt = "claimed", job.attempt + 1
        log = self.log(job.log)
        return _json(
            Claim(
                job=job_id,
                attempt=job.attempt,
                token=job.token,
                lease=job.lease,
                heartbeat=0.1,
                instance=INSTANCE,
                order=job.order,
                secrets=job.secrets,
                log=LogPosition(log=job.log, next=log.last + 1),
            )
        )

    def _lines(self, job: FakeJob, body: bytes) -> tuple[int, bytes]:
        lines = wire.lines_decoder.decode(body)
        assert lines.log == job.log
        kept = self._take(lines.log, lines.first, lines.lines)
        return _json(LinesAnswer(last=kept.last, archived=kept.archived))

    def _finish(self, job: FakeJob, finish: Finish) -> tuple[int, bytes]:
        log = self.log(job.log)
        if log.last < finish.last_line:
            return 409, msgspec.json.encode({"code": "job.lines_missing", "detail": "", "last": log.last})
        log.archived = log.last
        job.state, job.finish = finish.state, finish
        return 204, b""

    def _take(self, log_id: str, first: int, lines: list[Line]) -> FakeLog:
        log = self.log(log_id)
        if self.takes_lines:
            log.append(first, lines)
            if self.archives_at_once:
                log.archived = log.last
        return log

    async def _link(self, allowed: bool, receive: Receive, send: Send) -> None:
        await receive()
        if not allowed or self.refuses_links:
            return await send({"type": "websocket.close", "code": 4403})
        await send({"type": "websocket.accept"})
        self.links += 1
        entry = (asyncio.get_running_loop(), send)
        self._open.append(entry)
        try:
            while (message := await receive())["type"] == "websocket.receive":
                for answer in self._hear(up_decoder.decode(message["bytes"])):
                    await send({"type": "websocket.send", "bytes": encoder.encode(answer)})
        finally:
            self._open.remove(entry)

    def _hear(self, frame: Up) -> list[Down]:
        self.heard.append(frame)
        match frame:
            case Hello():
                return [Welcome(instance=INSTANCE)]
            case LinkLines():
                log = self._take(frame.log, frame.first, frame.lines)
                return [Kept(log=frame.log, last=log.last, archived=log.archived)]
            case LinkEnd():
                self.log(frame.log).ended = frame.state
            case Ask():
                return [Positions(logs=[self._position(log) for log in frame.logs if not self.log(log).ended])]
        return []

    def _position(self, log_id: str) -> LogPosition:
        log = self.log(log_id)
        return LogPosition(log=log_id, next=log.last + 1, resume_ns=log.lines[-1][0] if log.lines else 0)


async def _sent(send: Send, message: MutableMapping[str, Any]) -> None:
    await send(message)


async def _body(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


async def _answer(send: Send, status: int, body: bytes) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers if status != 204 else []})
    await send({"type": "http.response.body", "body": body})


def _json(message: msgspec.Struct) -> tuple[int, bytes]:
    return 200, msgspec.json.encode(message)
