"""The lines of one link: which logs this host may write, what is kept, and telling it so.

A log's next lines wait on the host for the answer to those before, so an answer goes out at once; those of the moment
after it are gathered, and a host that sends a hundred batches of a log then gets one `Kept`. It also hears, without
sending anything, when lines have reached the archive, so that its spool shrinks.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from channels.db import database_sync_to_async

from runtime.contract import names
from runtime.contract.link import Ask, Down, Kept, LinkEnd, LinkLines, Positions, Refused
from runtime.contract.reports import LogPosition
from webapp.deployments.models import Replica
from webapp.hosts.models import Host
from webapp.ingest import guard
from webapp.logs import services as logs
from webapp.logs import tail
from webapp.logs.models import Log
from webapp.problems import Conflicting, Missing, Refusal, TooLarge, Unavailable

MAX_ASKED = 1000  # logs in one question
MAX_WATCHED = 5000  # logs whose archiving is told
GATHER_SECONDS = 0.01  # between two answers
TRUST_SECONDS = 60.0  # so long a log is known to be this host's before the database is asked again

Send = Callable[[Down], Awaitable[None]]


@dataclass
class Desk:
    """One per link; used by its event loop only."""

    host: Host
    send: Send
    _mine: dict[str, float] = field(default_factory=dict)  # log -> until when it is known to be this host's
    _news: dict[str, Kept] = field(default_factory=dict)  # to be told next
    _fresh: asyncio.Event = field(default_factory=asyncio.Event)  # there is news
    _waiting: dict[str, Kept] = field(default_factory=dict)  # held, but not archived yet: as last told
    _unsure: set[str] = field(default_factory=set)  # Redis did not say

    async def ask(self, frame: Ask) -> None:
        """Answer where logs stand; those of others are left out."""
        asked = {log for log in frame.logs[:MAX_ASKED] if names.ID.fullmatch(log)}
        mine = await self._allowed(asked)
        await self.send(Positions(logs=await database_sync_to_async(_positions)(mine)))

    async def take(self, frame: LinkLines) -> None:
        """Keep lines. Raises what is refused; the host is told by the caller."""
        guard.check_batch(first=frame.first, lines=frame.lines)
        if not await self._may_write(frame.log):
            raise Conflicting(code="log.not_yours", detail="No replica on this host writes to that log.")
        try:
            kept = await tail.append_async(log_id=frame.log, first=frame.first, lines=frame.lines)
        except Unavailable:
            self._unsure.add(frame.log)
            return
        self._note(frame.log, kept)

    async def end(self, frame: LinkEnd) -> None:
        """The container is gone: end its log, when all of it is here and the replica is not wanted any more."""
        if not await self._may_write(frame.log):
            raise Conflicting(code="log.not_yours", detail="No replica on this host writes to that log.")
        try:
            kept = await database_sync_to_async(_end)(self.host, frame)
        except Unavailable:
            self._unsure.add(frame.log)
            return
        self._note(frame.log, kept)

    async def answer(self) -> None:
        """Tell what is new, for as long as the link is there."""
        while True:
            await self._fresh.wait()
            self._fresh.clear()
            news, self._news = self._news, {}
            for kept in news.values():
                await self.send(kept)
            await asyncio.sleep(GATHER_SECONDS)

    async def look(self) -> None:
        """Look what was archived meanwhile, and where logs stand of which Redis did not say."""
        for log in tuple(self._unsure | self._waiting.keys()):
            try:
                at = await tail.known_async(log_id=log) or await database_sync_to_async(tail.state)(log_id=log)
            except Unavailable:
                return
            except Missing:
                self._waiting.pop(log, None)
                self._unsure.discard(log)
                continue
            told = self._waiting.get(log)
            if log in self._unsure or told is None or (at.last, at.archived) != (told.last, told.archived):
                self._note(log, tail.Kept(last=at.last, archived=at.archived))
            self._unsure.discard(log)

    def _note(self, log: str, kept: tail.Kept) -> None:
        told = Kept(log=log, last=kept.last, archived=kept.archived)
        self._news[log] = told
        self._fresh.set()
        if kept.archived < kept.last and (log in self._waiting or len(self._waiting) < MAX_WATCHED):
            self._waiting[log] = told
        else:
            self._waiting.pop(log, None)

    async def _may_write(self, log: str) -> bool:
        if self._mine.get(log, 0.0) > time.monotonic():
            return True
        return bool(names.ID.fullmatch(log)) and bool(await self._allowed({log}))

    async def _allowed(self, asked: set[str]) -> set[str]:
        mine = await database_sync_to_async(_logs_of)(self.host.id, asked)
        until = time.monotonic() + TRUST_SECONDS
        self._mine.update(dict.fromkeys(mine, until))
        return mine


def _logs_of(host_id: str, asked: set[str]) -> set[str]:
    return set(Replica.objects.filter(host=host_id, log__in=asked).values_list("log_id", flat=True))


def _positions(asked: set[str]) -> list[LogPosition]:
    """Redis away: nothing is said, and the host asks again."""
    try:
        return [tail.position(log_id=log) for log in sorted(asked)]
    except Unavailable:
        return []


def _end(host: Host, frame: LinkEnd) -> tail.Kept:
    """A replica that is still wanted gets a new container, and goes on in the same log."""
    at = tail.state(log_id=frame.log)
    unwanted = Replica.objects.filter(host=host, log=frame.log, desired="gone").exists()
    if at.last >= frame.last and unwanted:
        logs.end_log(log=Log.objects.get(id=frame.log), state="stopped")
        return tail.Kept(last=at.last, archived=at.last)
    return tail.Kept(last=at.last, archived=at.archived)


def refused(subject: str, refusal: Refusal) -> Refused:
    """How a host hears of it."""
    return Refused(subject=subject, reason=refusal.code if not isinstance(refusal, TooLarge) else "too_large")
