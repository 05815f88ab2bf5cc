"""/ws/logs/{log}/?after=N: a log from any line on, and then as it grows."""

import asyncio
import contextlib
from urllib.parse import parse_qs

from channels.db import database_sync_to_async

from runtime.contract import names
from webapp.live import credentials
from webapp.live.credentials import Credential
from webapp.live.sockets import GuardedConsumer
from webapp.live.warden import TOO_SLOW, TRY_LATER
from webapp.logs import follow
from webapp.logs.models import Log
from webapp.problems import Forbidden
from webapp.teams.policy import Action, Actor, actions_in

MAX_NUMBER = 2**53
NORMAL = 1000


class LogConsumer(GuardedConsumer):
    """Frames `{"lines": [[number, ms, stream, text], …], "end": null | {state, lines}}`; after the end it closes."""

    task: asyncio.Task[None] | None = None

    async def open(self, protocol: str | None) -> None:
        self.log_id = str(self.scope["url_route"]["kwargs"]["log_id"])
        after = _after(self.scope["query_string"])
        seen = await database_sync_to_async(_visible)(self.credential, self.log_id)
        if seen is None or after is None:
            raise Forbidden(code="ws.denied", detail="There is no such log that you may see.")
        self.team_id, self.project_id = seen
        if await self.welcome(protocol):
            self.task = asyncio.create_task(self._pump(after), name=f"log socket {self.log_id}")

    async def recheck(self, actor: Actor) -> None:
        if Action.SEE not in actions_in(actor, self.team_id, project_id=self.project_id):
            await self.lose_right()

    async def leave(self) -> None:
        if self.task is not None and self.task is not asyncio.current_task():
            self.task.cancel()

    async def _pump(self, after: int) -> None:
        try:
            async with contextlib.aclosing(follow.follow(log_id=self.log_id, after=after)) as batches:
                async for batch in batches:
                    if self.is_closed:
                        return
                    if batch.text or batch.end is not None:
                        # The lines are JSON text already: every viewer gets the same, encoded once.
                        await self.tell(f'{{"lines":[{batch.text}],"end":{batch.end or "null"}}}')
            await self.show_out(NORMAL)
        except follow.TooSlow:
            await self.show_out(TOO_SLOW)
        except asyncio.CancelledError:
            raise
        except Exception:
            await self.show_out(TRY_LATER)
            raise


def _after(query: bytes) -> int | None:
    """The cursor in the query; None when it is none."""
    word = parse_qs(query.decode("latin-1")).get("after", ["0"])[-1]
    return int(word) if word.isascii() and word.isdecimal() and len(word) < 17 and int(word) < MAX_NUMBER else None


def _visible(credential: Credential, log_id: str) -> tuple[str, str] | None:
    """Team and project of the log, if whoever has this credential may see it."""
    actor = credentials.actor_of(credential)
    if actor is None or not names.ID.fullmatch(log_id):
        return None
    return Log.objects.visible_to(actor).filter(id=log_id).values_list("project__team_id", "project_id").first()
