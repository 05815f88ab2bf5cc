"""What every browser socket has in common: the handshake, the warden's eye, bounds on what comes in and goes out."""

import asyncio
import time

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer

from webapp.live import handshake
from webapp.live.credentials import Credential
from webapp.live.warden import RIGHT_LOST, TOO_SLOW, warden
from webapp.problems import Forbidden
from webapp.teams.policy import Actor

SEND_SECONDS = 5.0  # a viewer that takes nothing for so long is dropped
FRAME_BYTES = 4096  # of what a browser says
FRAMES_PER_WINDOW = 50
WINDOW_SECONDS = 5.0
TOO_BIG = 1009


class GuardedConsumer(AsyncWebsocketConsumer):
    """A socket that a person or program may open; rooms say what it shows in `open`, `recheck` and `leave`."""

    channel_layer_alias = "none"  # a socket that waits for no signals costs no connection to Redis
    credential: Credential
    is_closed = False

    async def connect(self) -> None:
        try:
            self.credential, protocol = await handshake.admit(self.scope)
            await self.open(protocol)
        except Forbidden as refusal:
            known = getattr(self, "credential", None)
            await database_sync_to_async(handshake.remember)(self.scope, refusal, known)
            await self.close()

    async def open(self, protocol: str | None) -> None:
        """Look whether this may be shown, `welcome` the socket and begin. Raises `Forbidden`."""
        raise NotImplementedError

    async def recheck(self, actor: Actor) -> None:
        """The credential means this actor now: `show_out` unless all that is shown may still be seen."""
        raise NotImplementedError

    async def leave(self) -> None:
        """The socket is closed: stop what was begun."""

    async def welcome(self, protocol: str | None) -> bool:
        """Accept the socket; False (and closed) when its owner has too many."""
        self.window, self.frames = time.monotonic(), 0
        await self.accept(subprotocol=protocol)
        if warden().admit(self):
            return True
        await self.show_out(TOO_SLOW)
        return False

    async def disconnect(self, code: int) -> None:
        self.is_closed = True
        warden().forget(self)
        await self.leave()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Browsers have nothing to say here; a little noise is borne."""
        if len(text_data or bytes_data or "") > FRAME_BYTES:
            await self.show_out(TOO_BIG)
            return
        if time.monotonic() - self.window > WINDOW_SECONDS:
            self.window, self.frames = time.monotonic(), 0
        self.frames += 1
        if self.frames > FRAMES_PER_WINDOW:
            await self.show_out(TOO_SLOW)

    async def tell(self, text: str) -> None:
        """Send a text frame; a viewer that does not take it in time is dropped."""
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self.send(text_data=text)
        except TimeoutError:
            await self.show_out(TOO_SLOW)

    async def show_out(self, code: int) -> None:
        """Close with this code, once."""
        if not self.is_closed:
            self.is_closed = True
            warden().forget(self)
            await self.leave()
            await self.close(code=code)

    async def lose_right(self) -> None:
        """Close: the right to see this is lost."""
        await self.show_out(RIGHT_LOST)
