"""What runs and what it says, told over a real WebSocket, while everything breaks that may."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from runtime.contract.link import (
    Changed,
    DiskHeld,
    Follow,
    Gone,
    Hello,
    ImagesHeld,
    LinkEnd,
    LinkLines,
    Refused,
    Snapshot,
)
from runtime.contract.names import LABEL_INSTANCE
from runtime.contract.routes import Http, Route
from runtime.edge.base import Place, Site
from runtime.edge.fake import FakeEdge
from runtime.engine.fake import FakeEngine
from runtime.procedures.serving import backend_of
from runtime.redaction import Secret
from runtime.worker.agent import Agent
from runtime.worker.follower import GAP
from runtime.worker.masks import Masks
from runtime.worker.spool import Spool, open_spool
from tests.waiting import until
from tests.worker.fake_control_plane import INSTANCE, FakeControlPlane
from tests.worker.given import ENVIRONMENT, SERVICE, new_id, run_container

pytestmark = pytest.mark.thorough

SECRET = "correct-horse-battery"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same ways in shorter times."""
    monkeypatch.setattr("runtime.worker.shipping.PROBE_SECONDS", 0.2)
    monkeypatch.setattr("runtime.worker.agent.LOOK_SECONDS", 0.1)
    monkeypatch.setattr("runtime.worker.watcher.RELIST_SECONDS", 0.3)
    monkeypatch.setattr("runtime.worker.stock.LOOK_SECONDS", 0.1)


async def becomes(holds: Callable[[], bool], *, seconds: float = 10.0) -> None:
    await asyncio.to_thread(until, holds, seconds=seconds)


@asynccontextmanager
async def agent_at(
    home: Path,
    control_plane: FakeControlPlane,
    engine: FakeEngine,
    *,
    spool: Spool | None = None,
    edge: FakeEdge | None = None,
) -> AsyncIterator[Agent]:
    """An agent that works inside, and is gone without a word afterwards."""
    spool = spool or open_spool(home / "spool.sqlite3")
    agent = Agent(
        url=control_plane.url,
        credential=control_plane.credential,
        engine=engine,
        spool=spool,
        masks=Masks(home / "masks"),
        edge=edge,
        remembered=home / "instance",
    )
    running = asyncio.create_task(agent.run())
    try:
        yield agent
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        spool.close()


def say(engine: FakeEngine, container: str, *texts: str) -> None:
    for text in texts:
        engine.containers[container].say("o", text)


def has_more_than(control_plane: FakeControlPlane, log: str, count: int) -> bool:
    return len(control_plane.log(log).texts) > count


def numbered(count: int, *, start: int = 1) -> list[str]:
    return [f"tick {number}" for number in range(start, start + count)]


async def test_it_greets_and_lists_what_runs(
    control_plane: FakeControlPlane, engine: FakeEngine, tmp_path: Path
) -> None:
    container = run_container(engine, log=new_id())
    async with agent_at(tmp_path, control_plane, engine):
        await becomes(lambda: any(shot.containers for shot in control_plane.heard_of(Snapshot)))
    hello = control_plane.heard[0]
    assert isinstance(hello, Hello) and hello.facts is not None and hello.facts.name == "fake"
    (facts,) = control_plane.heard_of(Snapshot)[-1].containers
    assert (facts.container, facts.state) == (container, "healthy")


async def test_its_images_are_told_when_they_change_and_after_a_new_link(
    control_plane: FakeControlPlane, engine: FakeEngine, tmp_path: Path
) -> None:
    def lists() -> list[list[str]]:
        return [[image.image_id for image in told.images] for told in control_plane.heard_of(ImagesHeld)]

    ours = engine.add_image(tag="shop:1", labels={LABEL_INSTANCE: INSTANCE})
    engine.add_image(tag="shop:2", labels={LABEL_INSTANCE: "another"})
    async with agent_at(tmp_path, control_plane, engine):
        await becomes(lambda: lists() == [[ours.image_id]])
        named = engine.add_image(tag="slipway/web/front:1-abc")
        await becomes(lambda: lists()[1:] == [[named.image_id, ours.image_id]])
        control_plane.break_links()
        await becomes(lambda: len(lists()) > 2)
    assert lists()[2] == lists()[1] and control_plane.heard_of(DiskHeld)


async def test_a_death_and_a_removal_are_told_at_once(
    control_plane: FakeControlPlane, engine: FakeEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runtime.worker.watcher.RELIST_SECONDS", 60.0)
    container = run_container(engine, log=new_id())
    async with agent_at(tmp_path, control_plane, engine):
        await becomes(lambda: bool(control_plane.heard_of(Snapshot)) and bool(engine.calls))
        await asyncio.sleep(0.3)
        engine.stop(container, timeout=1)
        await becomes(lambda: any(told.container.exit_code == 137 for told in control_plane.heard_of(Changed)))
        engine.remove(container)
        await becomes(lambda: any(told.container == container for told in control_plane.heard_of(Gone)))


async def test_lines_arrive_numbered_while_they_are_said(
    control_plane: FakeControlPlane, engine: FakeEngine, tmp_path: Path
) -> None:
    log = new_id()
    container = run_container(engine, log=log)
    say(engine, container, *numbered(3))
    async with agent_at(tmp_path, control_plane, engine):
        await becomes(lambda: control_plane.log(log).texts == numbered(3))
        say(engine, container, "tick 4")
        await becomes(lambda: control_plane.log(log).texts == numbered(4))


async def test_a_broken_link_costs_no_line_and_doubles_none(
    control_plane: FakeControlPlane, engine: FakeEngine, tmp_path: Path
) -> None:
    log = new_id()
    container = run_container(engine, log=log)
    async with agent_at(tmp_path, control_plane, engine):
        for part in range(5):
            say(engine, container, *numbered(20, start=1 + 20 * part))
            await becomes(partial(has_more_than, control_plane, log, 20 * part))
            control_plane.break_links()
        await becomes(lambda: control_plane.log(log).texts == numbered(100))
    assert control_plane.links >= 5


async def test_an_agent_killed_again_and_again_goes_on_where_it_stopped(
    control_plane: FakeControlPlane, engine: FakeEngine, tmp_path: Path
) -> None:
    log = new_id()
    container = run_container(engine, log=log)
    for part in range(4):
        async with agent_at(tmp_path, control_plane, engine):
            say(engine, container, *numbered(10, start=1 + 10 * part))
            await becomes(partial(has_more_than, control_plane, log, 10 * part))
    async with agent_at(tmp_path, control_plane, engine):
        await becomes(lambda: control_plane.log(log).texts == numbered(40))


@pytest.mark.parametrize("harm", ["lost", "garbled", "emptied"])
async def test_a_spool_that_is_lost_or_broken_costs_no_line(
    harm: str, control_plane: FakeControlPlane, engine: FakeEngine, tmp_path: Path
) -> None:
    log = new_id()
    container = run_container(engine, log=log)
    say(engine, container, *numbered(10))
    async with agent_at(tmp_path, control_plane, engine):
        await becomes(lambda: control_plane.log(log).texts == numbered(10))
    for path in tmp_path.glob("spool.sqlite3*"):
        match harm:
            case "lost":
                path.unlink()
            case "garbled":
                path.write_bytes(b"\x17" * path.stat().st_size)
            case _:
                path.write_bytes(b"")
    say(engine, container, *numbered(10, start=11))
    async with agent_at(tmp_path, control_plane, engine):
        await becomes(lambda: control_plane.log(log).texts == numbered(20))


async def test_a_long_line_is_split_and_stays_whole_over_a_lost_spool(
    control_plane: FakeControlPlane, engine: FakeEngine, tmp_path: Path
) -> None:
    log = new_id()
    container = run_container(engine, log=log)
    say(engine, container, "a" * 40_000, "after")
    async with agent_at(tmp_path, control_plane, engine):
        await becomes(lambda: "after" in control_plane.log(log).texts)
    (tmp_path / "spool.sqlite3").unlink()
    say(engine, container, "b" * 40_000, "end")
    async with agent_at(tmp_path, control_plane, engine):
        await becomes(lambda: "end" in control_plane.log(log).texts)
    whole = "".join(text.removesuffix("\u21a9") for text in control_plane.log(log).texts)
    assert whole == "a" * 40_000 + "after" + "b" * 40_000 + "end"


async def test_lines_that_redis_lost_are_sent_again(
    control_plane: FakeControlPlane, engine: FakeEngine, tmp_path: Path
) -> None:
    control_plane.archives_at_once = False
    log = new_id()
    container = run_container(engine, log=log)
    say(engine, container, *numbered(10))
    async with agent_at(tmp_path, control_plane, engine):
        await becomes(lambda: control_plane.log(log).texts == numbered(10))
        control_plane.archive()
        say(engine, container, *numbered(10, start=11))
        await becomes(lambda: control_plane.log(log).texts == numbered(20))
        control_plane.log(log).lose_hot_tail()
        await becomes(lambda: control_plane.log(log).texts == numbered(20))


async def test_where_the_engine_let_go_of_lines_a_mark_is_left(
    control_plane: FakeControlPlane, engine: FakeEngine, tmp_path: Path
) -> None:
    log = new_id()
    container = run_container(engine, log=log)
    say(engine, container, *numbered(5))
    async with agent_at(tmp_path, control_plane, engine):
        await becomes(lambda: control_plane.log(log).texts == numbered(5))
    say(engine, container, *numbered(5, start=6))
    del engine.containers[container].log[:8]
    async with agent_at(tmp_path, control_plane, engine):
        await becomes(lambda: control_plane.log(log).texts == [*numbered(5), GAP, "tick 9", "tick 10"])
    assert control_plane.log(log).lines[5][1] == "s"


async def test_a_log_ends_when_its_container_is_gone_and_the_spool_forgets_it(
    control_plane: FakeControlPlane, engine: FakeEngine, tmp_path: Path
) -> None:
    log, other = new_id(), new_id()
    container = run_container(engine, log=log)
    run_container(engine, log=other)
    say(engine, container, *numbered(3))
    async with agent_at(tmp_path, control_plane, engine):
        await becomes(lambda: control_plane.log(log).texts == numbered(3))
        say(engine, container, *numbered(2, start=4))
        engine.remove(container)
        await becomes(lambda: bool(control_plane.heard_of(LinkEnd)))
        await asyncio.sleep(0.3)
    (end,) = control_plane.heard_of(LinkEnd)
    assert (end.log, end.last) == (log, 5)
    assert control_plane.log(log).texts == numbered(5)
    spool = open_spool(tmp_path / "spool.sqlite3")
    assert spool.logs() == [other]
    spool.close()


async def test_an_engine_that_is_away_is_told_and_found_again(
    control_plane: FakeControlPlane, engine: FakeEngine, tmp_path: Path
) -> None:
    log = new_id()
    container = run_container(engine, log=log)
    async with agent_at(tmp_path, control_plane, engine):
        await becomes(lambda: any(shot.containers for shot in control_plane.heard_of(Snapshot)))
        engine.unavailable = True
        await becomes(lambda: not control_plane.heard_of(Snapshot)[-1].engine)
        say(engine, container, *numbered(3))
        engine.unavailable = False
        await becomes(lambda: bool(control_plane.heard_of(Snapshot)[-1].containers))
        await becomes(lambda: control_plane.log(log).texts == numbered(3))


async def test_secrets_of_a_service_are_masked_in_its_containers_logs(
    control_plane: FakeControlPlane, engine: FakeEngine, tmp_path: Path
) -> None:
    Masks(tmp_path / "masks").keep(service=SERVICE, environment=ENVIRONMENT, secrets=[Secret(SECRET)])
    log = new_id()
    container = run_container(engine, log=log)
    say(engine, container, f"the password is {SECRET}", "end")
    async with agent_at(tmp_path, control_plane, engine):
        await becomes(lambda: "end" in control_plane.log(log).texts)
    assert control_plane.log(log).texts[0].startswith("the password is ")
    assert SECRET not in repr(control_plane.heard)


async def test_a_log_that_is_refused_harms_no_other(
    control_plane: FakeControlPlane, engine: FakeEngine, tmp_path: Path
) -> None:
    refused, taken = new_id(), new_id()
    bad, good = run_container(engine, log=refused), run_container(engine, log=taken)
    async with agent_at(tmp_path, control_plane, engine):
        say(engine, bad, "first")
        await becomes(lambda: control_plane.log(refused).texts == ["first"])
        control_plane.tell(Refused(subject=refused, reason="no"))
        await asyncio.sleep(0.2)
        say(engine, bad, "second")
        say(engine, good, *numbered(3))
        await becomes(lambda: control_plane.log(taken).texts == numbered(3))
        assert control_plane.log(refused).texts == ["first"]
        control_plane.break_links()
        await becomes(lambda: control_plane.log(refused).texts == ["first", "second"])


async def test_a_full_control_plane_makes_the_reader_wait_and_loses_nothing(
    control_plane: FakeControlPlane, engine: FakeEngine, tmp_path: Path
) -> None:
    control_plane.takes_lines = False
    log = new_id()
    container = run_container(engine, log=log)
    spool = Spool(tmp_path / "spool.sqlite3", log_bytes=2000)
    async with agent_at(tmp_path, control_plane, engine, spool=spool):
        for number in range(1, 301):
            say(engine, container, f"tick {number}")
            await asyncio.sleep(0.001)
        await becomes(lambda: len(control_plane.heard_of(LinkLines)) >= 2)
        assert 1 < (spool.next_number(log) or 0) < 250, "the rest waits in the engine"
        control_plane.takes_lines = True
        await becomes(lambda: control_plane.log(log).texts == numbered(300))


async def test_a_container_that_starts_again_is_read_on(
    control_plane: FakeControlPlane, engine: FakeEngine, tmp_path: Path
) -> None:
    log = new_id()
    container = run_container(engine, log=log)
    async with agent_at(tmp_path, control_plane, engine):
        say(engine, container, "tick 1")
        await becomes(lambda: control_plane.log(log).texts == ["tick 1"])
        engine.stop(container, timeout=1)
        await becomes(lambda: len(control_plane.log(log).texts) == 2)
        engine.start(container)
        say(engine, container, "tick 2")
        marks = [
            "Slipway: the container ended with exit code 137: it was killed.",
            "Slipway: the container was started again.",
        ]
        await becomes(lambda: control_plane.log(log).texts == ["tick 1", *marks, "tick 2"])
    async with agent_at(tmp_path, control_plane, engine):
        say(engine, container, "tick 3")
        await becomes(lambda: control_plane.log(log).texts == ["tick 1", *marks, "tick 2", "tick 3"])


async def test_a_container_that_dies_says_so_in_its_log_once(
    control_plane: FakeControlPlane, engine: FakeEngine, tmp_path: Path
) -> None:
    log = new_id()
    container = run_container(engine, log=log)
    died = [
        "last words",
        "Slipway: the container ended with exit code 137: it ran out of memory and was killed. "
        "The engine starts it again.",
        "Slipway: the container was started again, restart 1 by the engine.",
    ]
    async with agent_at(tmp_path, control_plane, engine):
        say(engine, container, "last words")
        await becomes(lambda: control_plane.log(log).texts == ["last words"])
        engine.let_die(container, exit_code=137, oom_killed=True)
        await becomes(lambda: control_plane.log(log).texts == died)
    async with agent_at(tmp_path, control_plane, engine):
        await becomes(lambda: len(control_plane.heard_of(Hello)) == 2)
        await asyncio.sleep(0.5)
        assert control_plane.log(log).texts == died


async def test_a_wish_for_a_list_is_granted_at_once(
    control_plane: FakeControlPlane, engine: FakeEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runtime.worker.watcher.RELIST_SECONDS", 60.0)
    async with agent_at(tmp_path, control_plane, engine):
        await becomes(lambda: bool(control_plane.heard_of(Snapshot)))
        await asyncio.sleep(0.3)
        before = len(control_plane.heard_of(Snapshot))
        control_plane.tell(Follow())
        await becomes(lambda: len(control_plane.heard_of(Snapshot)) > before, seconds=2)


async def test_a_refused_host_tries_again_until_it_is_let_in(
    control_plane: FakeControlPlane, engine: FakeEngine, tmp_path: Path
) -> None:
    control_plane.refuses_links = True
    async with agent_at(tmp_path, control_plane, engine):
        await asyncio.sleep(0.5)
        assert control_plane.links == 0
        control_plane.refuses_links = False
        await becomes(lambda: bool(control_plane.heard_of(Snapshot)))


async def test_a_container_that_dies_gets_no_request_by_the_engine_s_own_word(
    control_plane: FakeControlPlane, engine: FakeEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runtime.worker.watcher.RELIST_SECONDS", 60.0)
    edge = FakeEdge()
    place = Place(SERVICE, ENVIRONMENT)
    site = Site(place=place, http=Http(port=8080, routes=(Route(host="shop.example.com"),)))
    first, second = (run_container(engine, log=new_id()) for _ in range(2))
    edge.settle(place, site, [backend_of(engine.container(one)) for one in (first, second)])
    async with agent_at(tmp_path, control_plane, engine, edge=edge):
        await becomes(lambda: bool(control_plane.heard_of(Snapshot)))
        assert edge.serving(place) == [first, second]
        engine.stop(first, timeout=0)  # the engine starts none again that was stopped
        await becomes(lambda: edge.serving(place) == [second])
        engine.start(first)
        await becomes(lambda: edge.serving(place) == [first, second])
        engine.remove(second)
        await becomes(lambda: edge.serving(place) == [first])


async def test_an_agent_that_starts_while_nobody_welcomes_it_tells_the_edge_all_the_same(
    control_plane: FakeControlPlane, engine: FakeEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edge = FakeEdge()
    place = Place(SERVICE, ENVIRONMENT)
    site = Site(place=place, http=Http(port=8080, routes=(Route(host="shop.example.com"),)))
    only = run_container(engine, log=new_id())
    edge.settle(place, site, [backend_of(engine.container(only))])
    async with agent_at(tmp_path, control_plane, engine, edge=edge):
        await becomes(lambda: bool(control_plane.heard_of(Snapshot)))
    monkeypatch.setattr(FakeControlPlane, "url", "http://127.0.0.1:1")
    async with agent_at(tmp_path, control_plane, engine, edge=edge):
        engine.stop(only, timeout=0)
        await becomes(lambda: edge.serving(place) == [])
        engine.start(only)
        await becomes(lambda: edge.serving(place) == [only])
