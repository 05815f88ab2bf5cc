"""The link: the one WebSocket of a host's agent. Lines go straight to the tail; what it sees of containers goes, one
after the other, to the rooms that believe it or not.
"""

import asyncio
import contextlib
import logging
import time
from collections import deque
from typing import Any

import msgspec
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.utils.timezone import now

from runtime.contract import CONTRACT_VERSION
from runtime.contract.link import (
    MAX_FRAME_BYTES,
    Ask,
    Changed,
    DiskHeld,
    Down,
    EngineFacts,
    Gone,
    Hello,
    ImagesHeld,
    LinkEnd,
    LinkLines,
    Snapshot,
    Up,
    VolumesHeld,
    Welcome,
    encoder,
    up_decoder,
)
from webapp.deployments.rollout import observe
from webapp.holdings import services as holdings
from webapp.hosts import services as hosts
from webapp.hosts.instance import instance_name
from webapp.hosts.models import Host
from webapp.ids import new_id
from webapp.ingest import guard, refusals
from webapp.ingest.desk import Desk, refused
from webapp.ingest.quota import Quota
from webapp.problems import Refusal
from webapp.rest.client import address_of
from webapp.volumes import services as volumes

HELLO_SECONDS = 10.0
HEARD_SECONDS = 5.0  # between two notes that the host lives
LOOK_SECONDS = 1.0  # so long a revoked host's link lives on at most
MAX_OBSERVED = 1000  # events waiting for the database; the next snapshot says what was dropped
BYTES_PER_SECOND = 32 * 1024 * 1024
BURST_BYTES = 64 * 1024 * 1024

MALFORMED, GONE, TOO_LARGE, NO_HELLO, CONTRACT = 4400, 4401, 1009, 4408, 4426

logger = logging.getLogger(__name__)


class LinkConsumer(AsyncWebsocketConsumer):
    """One link. Refused in the handshake: no credential, a cookie, another contract."""

    channel_layer_alias = "none"  # it waits for no signals
    over = False

    async def connect(self) -> None:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in self.scope["headers"]}
        try:
            self.host: Host = await database_sync_to_async(guard.host_at_link)(headers)
        except Refusal as refusal:
            await self._remember(None, refusal)
            await self.close()
            return
        self.desk = Desk(host=self.host, send=self._tell)
        self.quota = Quota(rate=BYTES_PER_SECOND, burst=BURST_BYTES)
        self.id = new_id()
        self.hello: Hello | None = None
        self.facts: EngineFacts | None = None
        self.observed: deque[Snapshot | Changed | Gone] = deque(maxlen=MAX_OBSERVED)
        self.news = asyncio.Event()
        self.noted = 0.0
        await self.accept()
        self.tasks = [asyncio.create_task(act()) for act in (self._observe, self._attend, self.desk.answer)]

    async def disconnect(self, code: int) -> None:
        self.over = True
        for task in getattr(self, "tasks", []):
            task.cancel()
        if getattr(self, "hello", None) is not None:
            await database_sync_to_async(hosts.disconnected)(host=self.host, link=self.id)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if bytes_data is None or len(bytes_data) > MAX_FRAME_BYTES:
            await self.close(code=MALFORMED if bytes_data is None else TOO_LARGE)
            return
        await self.quota.spend(len(bytes_data))
        try:
            frame: Up = up_decoder.decode(bytes_data)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            await self.close(code=MALFORMED)
            return
        if self.hello is None:
            await self._greet(frame)
        else:
            await self._hear(frame)

    async def _greet(self, frame: Up) -> None:
        if not isinstance(frame, Hello):
            await self.close(code=MALFORMED)
        elif frame.contract != CONTRACT_VERSION:
            await self.close(code=CONTRACT)
        else:
            self.hello = frame
            await self._note_heard(frame.facts, answers=frame.facts is not None, clock_ns=frame.clock_ns, first=frame)
            await self._tell(Welcome(instance=await database_sync_to_async(instance_name)()))

    async def _hear(self, frame: Up) -> None:
        try:
            if isinstance(frame, LinkLines):
                await self.desk.take(frame)
            elif isinstance(frame, LinkEnd):
                await self.desk.end(frame)
            elif isinstance(frame, Ask):
                await self.desk.ask(frame)
            elif isinstance(frame, Snapshot):
                await self._take_snapshot(frame)
            elif isinstance(frame, Changed | Gone):
                self._queue(frame)
            elif isinstance(frame, ImagesHeld | DiskHeld | VolumesHeld):
                await database_sync_to_async(_keep)(self.host, frame)
            else:
                await self.close(code=MALFORMED)
        except Refusal as refusal:
            subject = getattr(frame, "log", "")
            await self._remember(self.host, refusal)
            await self._tell(refused(subject, refusal))

    async def _take_snapshot(self, frame: Snapshot) -> None:
        self.observed.clear()  # the whole truth: what was told before it is in it
        self._queue(frame)
        if time.monotonic() - self.noted >= HEARD_SECONDS * 0.9 or frame.facts is not None:
            await self._note_heard(frame.facts, answers=frame.engine, clock_ns=frame.clock_ns)

    def _queue(self, frame: Snapshot | Changed | Gone) -> None:
        self.observed.append(frame)
        self.news.set()

    async def _observe(self) -> None:
        """One after the other, so that the order in which the host saw things is kept."""
        while True:
            await self.news.wait()
            self.news.clear()
            while self.observed:
                frame = self.observed.popleft()
                try:
                    await database_sync_to_async(_believe)(self.host, frame)
                except Refusal as refusal:
                    await self._remember(self.host, refusal)
                except Exception:
                    logger.exception("host %s: %s was not understood", self.host.name, type(frame).__name__)

    async def _attend(self) -> None:
        """Say what is archived, see that the host may still speak, and that it said hello."""
        begun = time.monotonic()
        while not self.over:  # redis-py sends within wait_for, which may swallow a cancel (Python 3.11)
            await asyncio.sleep(LOOK_SECONDS)
            if self.hello is None:
                if time.monotonic() - begun > HELLO_SECONDS:
                    await self.close(code=NO_HELLO)
                continue
            await self._check_still_known()
            with contextlib.suppress(Refusal):
                await self.desk.look()

    async def _check_still_known(self) -> None:
        if not await database_sync_to_async(_is_known)(self.host):
            await self.close(code=GONE)

    async def _note_heard(
        self, facts: EngineFacts | None, *, answers: bool, clock_ns: int, first: Hello | None = None
    ) -> None:
        self.noted = time.monotonic()
        await database_sync_to_async(hosts.heard)(
            host=self.host,
            facts=facts,
            engine_answers=answers,
            clock_ns=clock_ns,
            version=self.hello.version if self.hello is not None else "",
            connected=True,
            link=self.id if first is not None else None,
            concurrency=first.concurrency if first is not None else None,
            address=self._address() if first is not None else None,
        )

    def _address(self) -> str:
        """From where the link comes, as far as that can be believed."""
        client: Any = self.scope.get("client") or [""]
        told = [value.decode("latin-1") for name, value in self.scope["headers"] if name.lower() == b"x-forwarded-for"]
        return address_of({"REMOTE_ADDR": str(client[0]), "HTTP_X_FORWARDED_FOR": ",".join(told)})

    async def _tell(self, frame: Down) -> None:
        await self.send(bytes_data=encoder.encode(frame))

    async def _remember(self, host: Host | None, refusal: Refusal) -> None:
        client: Any = self.scope.get("client") or [""]
        await database_sync_to_async(refusals.remember)(refusal, host=host, ip=str(client[0]))


def _believe(host: Host, frame: Snapshot | Changed | Gone) -> None:
    if isinstance(frame, Snapshot):
        if frame.engine:
            observe.snapshot(host=host, snapshot=frame, now=now())
    elif isinstance(frame, Changed):
        observe.changed(host=host, facts=frame.container, now=now())
    else:
        observe.gone(host=host, gone=frame, now=now())


def _keep(host: Host, frame: ImagesHeld | DiskHeld | VolumesHeld) -> None:
    if isinstance(frame, ImagesHeld):
        guard.check_images(frame)
        holdings.listed(host=host, said=frame, now=now())
    elif isinstance(frame, VolumesHeld):
        guard.check_volumes(frame)
        volumes.counted(host=host, said=frame, now=now())
    else:
        guard.check_disk(frame)
        hosts.told_disk(host=host, said=frame, now=now())


def _is_known(host: Host) -> bool:
    digest = host.credential_digest
    return bool(digest) and Host.objects.filter(id=host.id, credential_digest=digest).exists()
