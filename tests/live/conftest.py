"""Browsers that open sockets."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
from asgiref.sync import sync_to_async
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.test import Client

from tests.cast import Cast
from tests.redis_rig import redis_server, redis_url
from webapp.jobs import dispatch
from webapp.live import warden
from webapp.live.routing import guarded_sockets
from webapp.logs.models import Log
from webapp.logs.services import open_log

__all__ = ["redis_server", "redis_url"]

HOST = "testserver"
ORIGIN = "http://testserver"
PATIENCE = 3.0
application = URLRouter(guarded_sockets)


@dataclass
class Browser:
    """Opens sockets with its cookie, as one page would."""

    client: Client | None

    def socket(self, path: str, *, origin: str | None = ORIGIN, ticket: str = "") -> WebsocketCommunicator:
        headers = [(b"host", HOST.encode())]
        if origin is not None:
            headers.append((b"origin", origin.encode()))
        if self.client is not None:
            cookie = f"{settings.SESSION_COOKIE_NAME}={self.client.cookies[settings.SESSION_COOKIE_NAME].value}"
            headers.append((b"cookie", cookie.encode()))
        offered = [f"slipway-ticket.{ticket}"] if ticket else None
        return WebsocketCommunicator(application, path, headers=headers, subprotocols=offered)


NOBODY = Browser(client=None)


@dataclass
class Quay:
    """The cast, a log of theirs, a log of strangers."""

    cast: Cast
    log: Log
    foreign: Log

    @property
    def path(self) -> str:
        return f"/ws/logs/{self.log.id}/"

    async def browser(self, name: str) -> Browser:
        return Browser(await sync_to_async(self.cast.client)(name))


@pytest.fixture
def quay(transactional_db: None, cast: Cast, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Quay:
    monkeypatch.setattr(dispatch, "_send", lambda *, job_id, queue_name: None)
    monkeypatch.setattr(warden, "RECHECK_SECONDS", 0.2)
    log = open_log(project=cast.project, kind="build")
    return Quay(cast=cast, log=log, foreign=open_log(project=cast.foreign_project, kind="build"))


@contextlib.asynccontextmanager
async def opened(socket: WebsocketCommunicator) -> AsyncIterator[WebsocketCommunicator]:
    accepted, _ = await socket.connect(timeout=PATIENCE)
    assert accepted
    try:
        yield socket
    finally:
        with contextlib.suppress(Exception, asyncio.CancelledError):
            await socket.disconnect(timeout=PATIENCE)


async def is_refused(socket: WebsocketCommunicator) -> bool:
    """Refused in the handshake."""
    accepted, _ = await socket.connect(timeout=PATIENCE)
    return not accepted


async def frame(socket: WebsocketCommunicator) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(await socket.receive_from(timeout=PATIENCE))
    return found


async def closed_with(socket: WebsocketCommunicator) -> int:
    while (output := await socket.receive_output(timeout=PATIENCE))["type"] != "websocket.close":
        pass
    return int(output["code"])
