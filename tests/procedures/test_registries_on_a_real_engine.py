"""Pushing, mirroring, private bases and running elsewhere: a real Docker Engine and the distribution's own registry."""

import os
import signal
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from runtime.contract.container import Health
from runtime.contract.names import BASE_IMAGE
from runtime.contract.orders import BuildImage, Login, PullFrom, Push
from runtime.contract.reports import ImageResult
from runtime.contract.source import InlineSource
from runtime.edge.none import NoEdge
from runtime.engine.base import CANCEL_WITHIN
from runtime.engine.docker import DockerEngine
from runtime.engine.errors import NotFound
from runtime.health import NetworkProber
from runtime.procedures.build_image import build_image
from runtime.procedures.converge_plan import network_for
from runtime.procedures.converge_service import converge_service
from runtime.procedures.ports import Cancelled, ProcedureError
from runtime.redaction import Secret
from tests.engine.dockerd import engine_address
from tests.engine.registry import PASSWORD, USER, Registry, real_registry
from tests.procedures.rig import INSTANCE, Folders, Told, order, with_spec

pytestmark = pytest.mark.engine

SECRET = "registry/1"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with engine_address() as found:
        yield found


@pytest.fixture(scope="module")
def registries(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Registry]]:
    """One, and two mirrors."""
    folders = [tmp_path_factory.mktemp(name) for name in ("first", "second", "third")]
    with real_registry(folders[0]) as first, real_registry(folders[1]) as second, real_registry(folders[2]) as third:
        yield [first, second, third]


@pytest.fixture(params=["buildkit", "classic"])
def engine(request: pytest.FixtureRequest, address: str) -> Iterator[DockerEngine]:
    made = DockerEngine(address=address, clis=None if request.param == "buildkit" else [])
    yield made
    made.close()


@dataclass
class Yard:
    """A host that builds images of its own and lets go of them."""

    engine: DockerEngine
    workdir: Path
    told: Told
    name: str

    def push(self, registry: Registry, *tags: str, primary: bool = False) -> Push:
        login = Login(registry=registry.address, username=USER, secret=SECRET)
        repository = f"{registry.address}/shop/{self.name}"
        return Push(push=registry.address, repository=repository, tags=tags, primary=primary, login=login)

    def build(self, *push: Push, dockerfile: str = "", password: str = PASSWORD, **changes: object) -> ImageResult:
        wanted = BuildImage(
            build=uuid.uuid4().hex[:8],
            number=7,
            tag=f"slipway-test/{self.name}:7",
            source=InlineSource(dockerfile=dockerfile or f"FROM {BASE_IMAGE}\nRUN echo {self.name} > /name\n"),
            push=push,
            asked_at=1_790_000_000,
            timeout=120,
        )
        result = build_image(
            msgspec.structs.replace(wanted, **changes),
            engine=self.engine,
            reporter=self.told,
            secrets={SECRET: Secret(password)},
            workdir=self.workdir,
            instance=INSTANCE,
        )
        assert list(self.workdir.iterdir()) == []
        return result

    def forget(self, image: str) -> None:
        """As a host that never had it."""
        self.engine.untag(f"slipway-test/{self.name}:7")
        with pytest.raises(NotFound):
            self.engine.image(image)


@pytest.fixture
def yard(engine: DockerEngine, tmp_path: Path) -> Iterator[Yard]:
    name = f"test{uuid.uuid4().hex[:12]}"
    yield Yard(engine, tmp_path, Told(), name)
    for container in engine.list_managed(instance=name):
        engine.remove(container.container_id)
    engine.remove_network(network_for(order("")), instance=name)
    engine.untag(f"slipway-test/{name}:7")


def test_a_build_is_pushed_mirrored_and_runs_where_it_was_not_built(yard: Yard, registries: list[Registry]) -> None:
    first, second, third = registries
    result = yard.build(
        yard.push(first, "{number}", "latest", primary=True), yard.push(second, "{number}"), yard.push(third, "x", "y")
    )
    assert result.digest is not None and {one.digest for one in result.pushed} == {result.digest}
    assert [one.tags for one in result.pushed] == [("7", "latest"), ("7",), ("x", "y")]
    assert yard.engine.image(result.image_id).tags == (f"slipway-test/{yard.name}:7",)
    yard.forget(result.image_id)
    wanted = with_spec(
        order(result.image_id), command=("sleep", "60"), health=Health(minimum_healthy=0.1), stop_timeout=1
    )
    pull = tuple(
        PullFrom(reference=f"{push.repository}@{result.digest}", login=push.login)
        for push in (yard.push(first, "x"), yard.push(second, "x"))
    )
    there = converge_service(
        msgspec.structs.replace(wanted, pull=pull, name=f"slipway-test/{yard.name}:7"),
        engine=yard.engine,
        reporter=yard.told,
        secrets={SECRET: Secret(PASSWORD)},
        instance=yard.name,
        job="job0000001",
        prober=NetworkProber(),
        edge=NoEdge(),
        files=Folders(),
    )
    assert [replica.state for replica in there.replicas] == ["healthy"]
    (container,) = yard.engine.list_managed(instance=yard.name)
    assert container.image_id == result.image_id
    assert yard.engine.image(result.image_id).tags == (f"slipway-test/{yard.name}:7",)
    assert PASSWORD not in repr((yard.told, result, yard.engine.layers(result.image_id)))


def test_a_wrong_password_is_said_with_what_to_do_and_stands_nowhere(yard: Yard, registries: list[Registry]) -> None:
    with pytest.raises(ProcedureError) as caught:
        yard.build(yard.push(registries[0], "1", primary=True), password="wrong-canary-123")
    problem = caught.value.problem
    assert (problem.code, problem.whose) == ("registry_refused", "user") and "password" in problem.advice
    assert "wrong-canary" not in repr((yard.told, problem, caught.value.result))


def test_a_registry_that_is_away_fails_a_mirror_and_not_the_build(yard: Yard, registries: list[Registry]) -> None:
    away = msgspec.structs.replace(yard.push(registries[0], "1"), push="away", repository=f"{registries[0].away}/a")
    pushed = yard.build(yard.push(registries[0], "1", primary=True), away, yard.push(registries[1], "1")).pushed
    assert [one.problem.code if one.problem else "" for one in pushed] == ["", "registry_unreachable", ""]


def test_a_registry_that_stops_answering_in_the_middle_is_left_when_it_is_cancelled(
    yard: Yard, registries: list[Registry]
) -> None:
    third = registries[2]
    since: list[float] = []
    yard.told = _Stopping(lambda: os.kill(third.pid, signal.SIGSTOP), since)
    try:
        with pytest.raises(Cancelled) as caught:
            yard.build(yard.push(registries[0], "1", primary=True), yard.push(third, "1"))
    finally:
        os.kill(third.pid, signal.SIGCONT)
    assert time.monotonic() - since[0] < 1.0 + CANCEL_WITHIN
    assert isinstance(caught.value.result, ImageResult) and len(caught.value.result.pushed) == 1
    assert yard.told.ended("cancelled") == [f"Push to {third.address}/shop/{yard.name}:1"]


def test_a_build_starts_from_what_a_private_registry_holds(yard: Yard, registries: list[Registry]) -> None:
    push = yard.push(registries[0], "base", primary=True)
    base = yard.build(push)
    yard.forget(base.image_id)
    dockerfile = f"ARG WHERE={registries[0].address}\nFROM ${{WHERE}}/shop/{yard.name}:base\nRUN cat /name\n"
    with pytest.raises(ProcedureError) as caught:
        yard.build(dockerfile=dockerfile, no_cache=True)
    assert caught.value.problem.whose == "user", "without a login nobody is let in"
    assert push.login is not None
    made = yard.build(dockerfile=dockerfile, no_cache=True, logins=(push.login,))
    assert yard.name in yard.told.texts() and made.image_id
    assert PASSWORD not in repr((yard.told, made))
    for left in yard.engine.list_images(labels={}):
        for name in (*left.tags, *left.digests):
            if name.startswith(f"{registries[0].address}/shop/{yard.name}"):
                yard.engine.untag(name)


class _Stopping(Told):
    """Does something when the second push begins, and asks to stop a second later."""

    def __init__(self, act: Callable[[], None], since: list[float]) -> None:
        super().__init__()
        self._act, self._since, self._pushes = act, since, 0

    def begin(self, name: str) -> int:
        self._pushes += name.startswith("Push to")
        if self._pushes == 2 and not self._since:
            self._act()
            self._since.append(time.monotonic())
        return super().begin(name)

    def cancelled(self) -> bool:
        self.stopping = bool(self._since) and time.monotonic() - self._since[0] > 1.0
        return self.stopping
