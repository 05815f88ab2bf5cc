"""The link: lines of one's own replicas, what is seen of containers, and nothing else."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
import redis
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator

from runtime.contract import CONTRACT_VERSION, link, names
from runtime.contract.reports import MAX_LINE_BYTES, Line
from tests.cast import Cast
from tests.ingest.conftest import Harbour
from webapp.audit.models import Entry
from webapp.deployments.models import Release, Replica, Service
from webapp.holdings.models import Holding
from webapp.hosts.models import Host
from webapp.images.models import Build
from webapp.ingest import link as link_room
from webapp.ingest.routing import link as application
from webapp.logs import archive, reader
from webapp.logs.models import Log
from webapp.logs.services import open_log

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.thorough]
PATIENCE = 3.0
NS = 1_764_000_000_000_000_000


def lines(first: int, last: int) -> list[Line]:
    return [(NS + number, "o", f"line {number}") for number in range(first, last + 1)]


def make_replica(cast: Cast, build: Build, host: Host, *, index: int = 1, desired: str = "running") -> Replica:
    service, _ = Service.objects.get_or_create(project=cast.project, slug="front", image=build.image)
    release, _ = Release.objects.get_or_create(
        service=service, environment=cast.dev, number=1, build=build, digest="x", config_digest="x", settings={}
    )
    return Replica.objects.create(
        service=service,
        environment=cast.dev,
        release=release,
        generation=1,
        host=host,
        index=index,
        desired=desired,
        log=open_log(project=cast.project, kind="replica"),
    )


class Agent:
    """The far side of a link."""

    def __init__(self, credential: str, **headers: str) -> None:
        sent = {"authorization": f"Bearer {credential}", names.HEADER_CONTRACT: str(CONTRACT_VERSION), **headers}
        pairs = [(name.lower().encode(), value.encode()) for name, value in sent.items() if value]
        self.wire = WebsocketCommunicator(application, "/ingest/link/", headers=pairs)
        self.wire.scope["client"] = ("192.0.2.7", 40000)

    async def say(self, frame: Any) -> None:
        await self.wire.send_to(bytes_data=link.encoder.encode(frame))

    async def hear(self) -> Any:
        heard: Any = await self.wire.receive_from(timeout=PATIENCE)
        return link.down_decoder.decode(heard)

    async def hear_kept(self, last: int, archived: int | None = None) -> link.Kept:
        """The first answer that says so."""
        while True:
            frame = await self.hear()
            if isinstance(frame, link.Kept) and frame.last == last and archived in (None, frame.archived):
                return frame

    async def closed_with(self) -> int:
        while (output := await self.wire.receive_output(timeout=PATIENCE))["type"] != "websocket.close":
            pass
        return int(output["code"])


HELLO = link.Hello(contract=CONTRACT_VERSION, version="0.1.0", clock_ns=NS, facts=None, concurrency=6)


@contextlib.asynccontextmanager
async def linked(credential: str) -> AsyncIterator[Agent]:
    """A link that has said hello."""
    agent = Agent(credential)
    assert (await agent.wire.connect(timeout=PATIENCE))[0]
    await agent.say(HELLO)
    assert isinstance(await agent.hear(), link.Welcome)
    try:
        yield agent
    finally:
        await agent.wire.disconnect(timeout=PATIENCE)


@sync_to_async
def replica_of(harbour: Harbour, **more: Any) -> Replica:
    return make_replica(harbour.cast, harbour.build, more.pop("host", harbour.cast.host), **more)


@sync_to_async
def texts(log_id: str) -> list[str]:
    return [row[3] for row in reader.read(log=Log.objects.get(id=log_id), after=0, limit=1000).rows]


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": ""},
        {"authorization": "Bearer slh_x"},
        {"cookie": "sessionid=x"},
        {names.HEADER_CONTRACT: "9"},
        {names.HEADER_CONTRACT: ""},
    ],
)
async def test_the_handshake_refuses(harbour: Harbour, headers: dict[str, str]) -> None:
    accepted, _ = await Agent(harbour.host.credential, **headers).wire.connect(timeout=PATIENCE)
    assert not accepted
    assert await Entry.objects.filter(outcome="refused").aexists()


async def test_hello_comes_first_and_is_welcomed(harbour: Harbour) -> None:
    await Host.objects.aupdate(version="", last_heard_at=None, connected=False)
    async with linked(harbour.host.credential):
        host = await Host.objects.aget(id=harbour.cast.host.id)
        assert (host.version, host.connected, host.last_heard_at is not None) == ("0.1.0", True, True)
    assert not (await Host.objects.aget(id=harbour.cast.host.id)).connected


async def test_an_old_links_end_leaves_a_host_that_came_back_connected(harbour: Harbour) -> None:
    async with contextlib.AsyncExitStack() as later:
        async with linked(harbour.host.credential):
            await later.enter_async_context(linked(harbour.host.credential))
        host = await Host.objects.aget(id=harbour.cast.host.id)
        assert (host.connected, host.concurrency, host.address) == (True, 6, "192.0.2.7")
    assert not (await Host.objects.aget(id=harbour.cast.host.id)).connected


async def test_who_does_not_say_hello_is_shown_out(harbour: Harbour) -> None:
    agent = Agent(harbour.host.credential)
    await agent.wire.connect()
    await agent.say(link.Ask(logs=[]))
    assert await agent.closed_with() == link_room.MALFORMED


async def test_another_contract_is_shown_out(harbour: Harbour) -> None:
    agent = Agent(harbour.host.credential)
    await agent.wire.connect()
    await agent.say(link.Hello(contract=9, version="9", clock_ns=NS, facts=None))
    assert await agent.closed_with() == link_room.CONTRACT


@pytest.mark.parametrize("frame", [b"\xc1", b"\x81\xa4kind\xa4nope", b"\x91" * 500, b"\x81\xa4kind\xa1\xff"])
async def test_a_malformed_frame_ends_the_link(harbour: Harbour, frame: bytes) -> None:
    async with linked(harbour.host.credential) as agent:
        await agent.wire.send_to(bytes_data=frame)
        assert await agent.closed_with() == link_room.MALFORMED


async def test_a_frame_that_is_too_large_ends_the_link(harbour: Harbour) -> None:
    async with linked(harbour.host.credential) as agent:
        await agent.wire.send_to(bytes_data=b" " * (link.MAX_FRAME_BYTES + 1))
        assert await agent.closed_with() == link_room.TOO_LARGE


async def test_lines_of_a_replica_here_are_kept_and_told_when_archived(harbour: Harbour) -> None:
    replica = await replica_of(harbour)
    async with linked(harbour.host.credential) as agent:
        await agent.say(link.Ask(logs=[replica.log_id]))
        positions = await agent.hear()
        assert [(at.log, at.next) for at in positions.logs] == [(replica.log_id, 1)]
        for first in range(1, 101, 10):
            await agent.say(link.LinkLines(log=replica.log_id, first=first, lines=lines(first, first + 9)))
        await agent.hear_kept(100)
        await sync_to_async(archive.archive_log)(replica.log_id)
        await agent.hear_kept(100, archived=100)
    assert await texts(replica.log_id) == [f"line {number}" for number in range(1, 101)]


async def test_many_batches_are_answered_together(harbour: Harbour) -> None:
    replica = await replica_of(harbour)
    async with linked(harbour.host.credential) as agent:
        for number in range(1, 201):
            await agent.say(link.LinkLines(log=replica.log_id, first=number, lines=lines(number, number)))
        answers = 1
        while (await agent.hear()).last < 200:
            answers += 1
        assert answers < 50


async def test_after_a_gap_the_host_is_told_where_to_go_on(harbour: Harbour) -> None:
    replica = await replica_of(harbour)
    async with linked(harbour.host.credential) as agent:
        await agent.say(link.LinkLines(log=replica.log_id, first=1, lines=lines(1, 3)))
        await agent.hear_kept(3)
        await agent.say(link.LinkLines(log=replica.log_id, first=7, lines=lines(7, 9)))
        await agent.hear_kept(3)
        await agent.say(link.LinkLines(log=replica.log_id, first=2, lines=lines(2, 9)))
        await agent.hear_kept(9)
    assert await texts(replica.log_id) == [f"line {number}" for number in range(1, 10)]


async def test_when_redis_lost_lines_the_host_is_told_without_asking(harbour: Harbour, redis_url: str) -> None:
    replica = await replica_of(harbour)
    async with linked(harbour.host.credential) as agent:
        await agent.say(link.LinkLines(log=replica.log_id, first=1, lines=lines(1, 5)))
        await agent.hear_kept(5)
        await asyncio.to_thread(redis.Redis.from_url(redis_url).flushall)
        await agent.hear_kept(0, archived=0)


async def test_another_hosts_log_and_a_builds_log_are_refused(harbour: Harbour) -> None:
    theirs = await replica_of(harbour, host=harbour.other_host)
    async with linked(harbour.host.credential) as agent:
        for log in (theirs.log_id, harbour.build.log_id, "0" * 26, "x" * 500):
            await agent.say(link.LinkLines(log=log, first=1, lines=lines(1, 1)))
            assert await agent.hear() == link.Refused(subject=log, reason="log.not_yours")
            await agent.say(link.LinkEnd(log=log, last=0, state="stopped"))
            assert await agent.hear() == link.Refused(subject=log, reason="log.not_yours")
        await agent.say(link.Ask(logs=[theirs.log_id, harbour.build.log_id]))
        assert await agent.hear() == link.Positions(logs=[])
    assert await texts(theirs.log_id) == await texts(harbour.build.log_id) == []
    assert await Entry.objects.filter(action="event.refused", outcome="refused").acount() == 1


async def test_batches_out_of_bounds_are_refused(harbour: Harbour) -> None:
    replica = await replica_of(harbour)
    async with linked(harbour.host.credential) as agent:
        wrong: list[tuple[int, list[Line]]] = [
            (0, lines(1, 1)),
            (1, [(-1, "o", "x")]),
            (1, [(1, "o", "x" * (MAX_LINE_BYTES + 99))]),
        ]
        for first, batch in wrong:
            await agent.say(link.LinkLines(log=replica.log_id, first=first, lines=batch))
            assert isinstance(await agent.hear(), link.Refused)
    assert await texts(replica.log_id) == []


async def test_a_log_ends_with_its_container_once_the_replica_is_not_wanted(harbour: Harbour) -> None:
    wanted = await replica_of(harbour)
    gone = await replica_of(harbour, index=2, desired="gone")
    async with linked(harbour.host.credential) as agent:
        for replica in (wanted, gone):
            await agent.say(link.LinkLines(log=replica.log_id, first=1, lines=lines(1, 3)))
            await agent.say(link.LinkEnd(log=replica.log_id, last=5, state="stopped"))  # two lines are still to come
            await agent.hear_kept(3)
        assert await Log.objects.filter(end_state="").acount() == await Log.objects.acount()
        for replica in (wanted, gone):
            await agent.say(link.LinkLines(log=replica.log_id, first=4, lines=lines(4, 5)))
            await agent.say(link.LinkEnd(log=replica.log_id, last=5, state="stopped"))
            await agent.hear_kept(5)
        ended = [log.id async for log in Log.objects.exclude(end_state="")]
    assert ended == [gone.log_id]


async def test_a_snapshot_is_believed_for_replicas_here(harbour: Harbour) -> None:
    mine = await replica_of(harbour)
    theirs = await replica_of(harbour, index=2, host=harbour.other_host)
    seen = [
        link.ContainerFacts(
            container="c" * 64,
            replica=replica.id,
            service=replica.service_id,
            environment=replica.environment_id,
            release=replica.release_id,
            generation=1,
            index=replica.index,
            log=replica.log_id,
            state="healthy",
        )
        for replica in (mine, theirs)
    ]
    async with linked(harbour.host.credential) as agent:
        await agent.say(link.Snapshot(clock_ns=NS, containers=seen))
        for _ in range(100):
            await asyncio.sleep(0.02)
            if (await Replica.objects.aget(id=mine.id)).state == "healthy":
                break
    assert (await Replica.objects.aget(id=mine.id)).state == "healthy"
    assert (await Replica.objects.aget(id=theirs.id)).state == "pending"


async def test_a_revoked_host_is_shown_out(harbour: Harbour, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_room, "HEARD_SECONDS", 0.2)
    async with linked(harbour.host.credential) as agent:
        await Host.objects.filter(id=harbour.cast.host.id).aupdate(credential_digest="")
        assert await agent.closed_with() == link_room.GONE


async def test_what_a_host_holds_is_kept_and_what_is_no_name_is_refused(harbour: Harbour) -> None:
    image = link.ImageHeld(image_id="sha256:" + "a" * 64, size=9, build=harbour.build.id)
    async with linked(harbour.host.credential) as agent:
        await agent.say(link.ImagesHeld(images=[image]))
        await agent.say(link.DiskHeld(images=1, containers=2, volumes=3, build_cache=4))
        await agent.say(link.ImagesHeld(images=[link.ImageHeld(image_id="front:1", size=1)]))
        await agent.say(link.DiskHeld(images=-1, containers=0, volumes=0, build_cache=0))
        assert [isinstance(await agent.hear(), link.Refused) for _ in range(2)] == [True, True]
    holding = await Holding.objects.aget()
    assert (holding.image_id, holding.size, holding.build) == (image.image_id, 9, harbour.build.id)
    assert ((await Host.objects.aget(id=harbour.cast.host.id)).disk_use or {})["build_cache"] == 4
