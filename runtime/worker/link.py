"""The link: one WebSocket that this host opens to the control plane, and opens again when it breaks."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidStatus, WebSocketException

from runtime.contract import wire
from runtime.contract.link import MAX_FRAME_BYTES, Down, Up, down_decoder, encoder
from runtime.worker.control_plane import USER_AGENT
from runtime.worker.passport import Passport

OPEN_SECONDS = 10.0
CLOSE_SECONDS = 2.0
PING_SECONDS = 5.0
PONG_SECONDS = 10.0  # a connection that is dead without a word is found in the sum of the two
MAX_FRAMES_WAITING = 64

logger = logging.getLogger(__name__)


class LinkDown(Exception):
    """The link is not there (any more)."""


class Link:
    """One open connection."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    async def send(self, frame: Up) -> None:
        """Raises LinkDown. A frame beyond the treaty's bound is not sent, since it would end the link."""
        data = encoder.encode(frame)
        if len(data) > MAX_FRAME_BYTES:
            logger.error("a %s of %d bytes is too large for the link", type(frame).__name__, len(data))
            return
        try:
            await self._socket.send(data)
        except WebSocketException as error:
            raise LinkDown(str(error)) from error

    async def receive(self) -> Down:
        """The next frame that is understood. Raises LinkDown."""
        while True:
            try:
                data = await self._socket.recv(decode=False)
            except WebSocketException as error:
                raise LinkDown(str(error)) from error
            try:
                frame: Down = down_decoder.decode(data)
            except msgspec.DecodeError as error:
                logger.warning("a frame of the control plane was not understood: %s", error)
            else:
                return frame


@asynccontextmanager
async def open_link(*, url: str, passport: Passport) -> AsyncIterator[Link]:
    """Connects. Raises LinkDown, with a reason in words."""
    try:
        socket = await connect(
            _address(url),
            additional_headers={**passport.headers(), **passport.proof(door=wire.LINK_PATH)},
            user_agent_header=USER_AGENT,
            compression=None,
            open_timeout=OPEN_SECONDS,
            close_timeout=CLOSE_SECONDS,
            ping_interval=PING_SECONDS,
            ping_timeout=PONG_SECONDS,
            max_size=MAX_FRAME_BYTES,
            max_queue=MAX_FRAMES_WAITING,
        )
    except InvalidStatus as error:
        await asyncio.to_thread(passport.look_at_clock)
        raise LinkDown(f"the control plane refused it ({error.response.status_code})") from error
    except (TimeoutError, OSError, InvalidHandshake) as error:
        raise LinkDown(f"no connection: {error or type(error).__name__}") from error
    try:
        yield Link(socket)
    finally:
        await socket.close()


def _address(url: str) -> str:
    parts = urlsplit(url)
    scheme = "wss" if parts.scheme == "https" else "ws"
    return parts._replace(scheme=scheme, path=parts.path + wire.LINK_PATH).geturl()
