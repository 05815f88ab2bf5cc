"""What proved itself once is asked on and on, and what it answers then is told."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec
import pytest

from runtime.contract.container import Health
from runtime.contract.link import Changed, Snapshot
from runtime.contract.names import LABEL_HEALTH
from runtime.engine.fake import FakeEngine
from runtime.engine.values import Container
from runtime.worker.agent import Agent
from runtime.worker.masks import Masks
from runtime.worker.rounds import Rounds, health_of
from runtime.worker.spool import open_spool
from tests.waiting import until
from tests.worker.fake_control_plane import FakeControlPlane
from tests.worker.given import new_id, run_container

pytestmark = pytest.mark.thorough

HTTP = Health(kind="http", port=8080, path="/healthz", interval=0.1, retries=2, deadline=60.0)
OLD_NS = 1  # started long ago


@dataclass
class Web:
    """Answers as told, and counts how often it was asked."""

    complaint: str | None = None
    asked: list[str] = field(default_factory=list)

    def tcp(self, address: str, port: int, *, timeout: float) -> str | None:
        self.asked.append(f"tcp {address}:{port}")
        return self.complaint

    def http(self, address: str, port: int, path: str, *, timeout: float) -> str | None:
        self.asked.append(f"http {address}:{port}{path}")
        return self.complaint


def container(health: Health | None = HTTP, *, started_ns: int = OLD_NS, status: str = "running") -> Container:
    labels = {} if health is None else {LABEL_HEALTH: msgspec.json.encode(health).decode()}
    return Container(
        container_id="c" * 64,
        name="c",
        image_id="sha256:0",
        labels=labels,
        status=status,  # type: ignore[arg-type]
        started_ns=started_ns,
        address="10.0.0.7",
    )


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime.worker.rounds.LOOK_SECONDS", 0.01)
    monkeypatch.setattr("runtime.worker.rounds.PROVING_SECONDS", 0.02)
    monkeypatch.setattr("runtime.worker.rounds.DOUBT_SECONDS", 0.02)
    monkeypatch.setattr("runtime.worker.rounds.STEADY_SECONDS", 0.05)


@asynccontextmanager
async def rounds_of(web: Web, *containers: Container) -> AsyncIterator[tuple[Rounds, list[str]]]:
    told: list[str] = []

    async def on_change(changed: Container) -> None:
        told.append(rounds.judged(changed).health)

    rounds = Rounds(prober=web, on_change=on_change)
    rounds.listed(containers)
    running = asyncio.create_task(rounds.run())
    try:
        yield rounds, told
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def becomes(holds: Callable[[], bool]) -> None:
    await asyncio.to_thread(until, holds, seconds=5.0)


async def test_it_is_asked_on_after_it_proved_itself() -> None:
    web = Web()
    async with rounds_of(web, container()) as (_, told):
        await becomes(lambda: len(web.asked) > 4)
    assert set(web.asked) == {"http 10.0.0.7:8080/healthz"} and told == ["healthy"]


async def test_what_answers_no_longer_is_unhealthy_after_its_retries_and_says_why_until_it_answers_again() -> None:
    web = Web()
    async with rounds_of(web, container()) as (rounds, told):
        await becomes(lambda: told == ["healthy"])
        web.complaint, before = "GET /healthz answered 404", len(web.asked)
        await becomes(lambda: told == ["healthy", "unhealthy"])
        assert len(web.asked) - before >= HTTP.retries
        assert rounds.judged(container()).message == "GET /healthz answered 404"
        web.complaint = None
        await becomes(lambda: told == ["healthy", "unhealthy", "healthy"])
        assert rounds.judged(container()).message == ""


async def test_one_failure_is_no_verdict() -> None:
    web = Web()
    async with rounds_of(web, container(msgspec.structs.replace(HTTP, retries=1000))) as (_, told):
        await becomes(lambda: told == ["healthy"])
        web.complaint, before = "no", len(web.asked)
        await becomes(lambda: len(web.asked) > before + 3)
    assert told == ["healthy"]


async def test_a_new_one_is_starting_until_its_time_is_over() -> None:
    web = Web(complaint="no connection")
    fresh = container(started_ns=time.time_ns())
    async with rounds_of(web, fresh) as (rounds, told):
        await becomes(lambda: len(web.asked) > 5)
        assert told == [] and rounds.judged(fresh).health == "starting"
    async with rounds_of(web, container()) as (_, told):
        await becomes(lambda: told == ["unhealthy"])


async def test_started_again_it_proves_itself_anew() -> None:
    web = Web()
    async with rounds_of(web, container()) as (rounds, told):
        await becomes(lambda: told == ["healthy"])
        web.complaint = "no connection"
        again = container(started_ns=time.time_ns())
        rounds.changed(again)
        assert rounds.judged(again).health == "starting"


async def test_what_has_ended_is_not_asked_and_what_asks_for_nothing_neither() -> None:
    web = Web()
    ended, silent = container(status="exited"), replace(container(None), container_id="d" * 64)
    async with rounds_of(web, ended, silent) as (rounds, _):
        await asyncio.sleep(0.1)
        assert rounds.judged(ended) is ended and rounds.judged(silent) is silent
    assert web.asked == []


@pytest.mark.parametrize("label", ["", "no json", '{"kind": "pigeon"}', '{"kind": "tcp", "port": "x"}', "\ud800"])
def test_a_label_in_other_words_asks_for_nothing(label: str) -> None:
    assert health_of({LABEL_HEALTH: label}) is None


@pytest.mark.thorough
async def test_the_agent_tells_of_it_within_seconds(
    control_plane: FakeControlPlane, engine: FakeEngine, tmp_path: Path
) -> None:
    web = Web()
    made = run_container(engine, log=new_id(), health=HTTP)
    spool = open_spool(tmp_path / "spool.sqlite3")
    agent = Agent(
        url=control_plane.url,
        credential=control_plane.credential,
        engine=engine,
        spool=spool,
        masks=Masks(tmp_path / "masks"),
        prober=web,
    )
    running = asyncio.create_task(agent.run())
    try:
        await becomes(lambda: any(shot.containers for shot in control_plane.heard_of(Snapshot)))
        assert control_plane.heard_of(Snapshot)[-1].containers[0].state == "healthy"
        web.complaint = "GET /healthz answered 404"
        await becomes(lambda: any(one.container.state == "unhealthy" for one in control_plane.heard_of(Changed)))
        told = control_plane.heard_of(Changed)[-1].container
        assert (told.container, told.message) == (made, "GET /healthz answered 404")
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        spool.close()
