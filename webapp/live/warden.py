"""Asks again for all open sockets of this process together: who lost the credential or the right is shown out.

Every RECHECK_SECONDS, so that losing a role, signing out or a new password end a socket within five seconds.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from typing import Protocol
from weakref import WeakKeyDictionary

from channels.db import database_sync_to_async
from django.db import DatabaseError

from webapp.live import credentials
from webapp.live.credentials import Credential
from webapp.teams.policy import Actor

RECHECK_SECONDS = 3.0
SOCKETS_PER_PERSON = 100  # in one process

CREDENTIAL_GONE, RIGHT_LOST, TOO_SLOW, TRY_LATER = 4401, 4403, 4429, 1013

logger = logging.getLogger(__name__)


class Guarded(Protocol):
    """A socket as the warden knows it."""

    credential: Credential

    async def recheck(self, actor: Actor) -> None:
        """The credential is still good and means this actor now: close unless the right is still there."""

    async def show_out(self, code: int) -> None:
        """Close with this code."""


class Warden:
    """One per event loop; asks only while there are sockets."""

    def __init__(self) -> None:
        self.sockets: set[Guarded] = set()
        self.of_person: Counter[str] = Counter()
        self.task: asyncio.Task[None] | None = None

    def admit(self, socket: Guarded) -> bool:
        """Watch over this socket; False when its owner has too many."""
        owner = _owner(socket.credential)
        if self.of_person[owner] >= SOCKETS_PER_PERSON:
            return False
        self.of_person[owner] += 1
        self.sockets.add(socket)
        if self.task is None or self.task.done():
            self.task = asyncio.create_task(self._run(), name="warden of sockets")
        return True

    def forget(self, socket: Guarded) -> None:
        """The socket is closed."""
        if socket in self.sockets:
            self.sockets.discard(socket)
            owner = _owner(socket.credential)
            self.of_person[owner] -= 1
            if not self.of_person[owner]:
                del self.of_person[owner]

    async def _run(self) -> None:
        while self.sockets:
            await asyncio.sleep(RECHECK_SECONDS)
            try:
                await self.look(tuple(self.sockets))
            except DatabaseError:
                logger.exception("open sockets could not be checked; again in %.0f s", RECHECK_SECONDS)

    async def look(self, sockets: Sequence[Guarded]) -> None:
        """Check these sockets now."""
        found = await database_sync_to_async(credentials.check)({socket.credential for socket in sockets})
        for socket in sockets:
            actor = found.actors.get(socket.credential)
            if actor is None:
                await socket.show_out(CREDENTIAL_GONE)
            else:
                await socket.recheck(actor)


_wardens: WeakKeyDictionary[asyncio.AbstractEventLoop, Warden] = WeakKeyDictionary()


def warden() -> Warden:
    """The one of the running event loop."""
    return _wardens.setdefault(asyncio.get_running_loop(), Warden())


def _owner(credential: Credential) -> str:
    return credential.user or credential.token
