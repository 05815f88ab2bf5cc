"""A bench on which an engine is tried: a base image, a network, names and labels of its own, and a broom."""

import shutil
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec

from runtime.contract.container import ContainerSpec, Restart
from runtime.contract.names import LABEL_INSTANCE
from runtime.engine.base import Engine
from runtime.engine.errors import EngineError, NotFound
from runtime.engine.fake import FakeEngine
from runtime.engine.values import BuildEvent, BuildRequest, Built, Container, ContainerPlan
from tests.waiting import until

BASE = "slipway-test/base:1"
BUSYBOX = "/bin/busybox"


@dataclass
class Bench:
    """One test's engine. Everything made through it carries its instance's label."""

    engine: Engine
    folder: Path
    instance: str = field(default_factory=lambda: f"test{uuid.uuid4().hex[:12]}")
    image: str = ""

    @property
    def network(self) -> str:
        return f"net-{self.instance}"

    def set_up(self) -> "Bench":
        self.image = base_image(self.engine, self.folder)
        self.engine.ensure_network(self.network, labels={LABEL_INSTANCE: self.instance})
        return self

    def clean_up(self) -> None:
        for container in self.engine.list_managed(instance=self.instance):
            self.engine.remove(container.container_id)
        self.engine.remove_network(self.network, instance=self.instance)
        self.engine.close()

    def plan(self, *command: str, name: str = "", **changes: Any) -> ContainerPlan:
        spec = ContainerSpec(
            image=self.image, command=command or ("sleep", "300"), restart=Restart(policy="no"), stop_timeout=1
        )
        return ContainerPlan(
            name=name or f"c-{self.instance}-{uuid.uuid4().hex[:8]}",
            spec=msgspec.structs.replace(spec, **changes),
            variables={"GREETING": "hello"},
            labels={LABEL_INSTANCE: self.instance, "slipway.replica": "r1"},
            network=self.network,
            alias="web",
        )

    def run(self, *command: str, **changes: Any) -> str:
        """A started container."""
        container_id = self.engine.create(self.plan(*command, **changes))
        self.engine.start(container_id)
        return container_id

    def run_to_end(self, script: str, **changes: Any) -> Container:
        """A container that ran `script` and is over."""
        return self.wait_over(self.run("sh", "-c", script, **changes))

    def wait_over(self, container_id: str) -> Container:
        return self.wait(container_id, lambda seen: seen.status == "exited")

    def wait(self, container_id: str, holds: Callable[[Container], bool]) -> Container:
        until(lambda: holds(self.engine.container(container_id)))
        return self.engine.container(container_id)

    def request(self, *instructions: str, files: dict[str, str] | None = None, **changes: Any) -> BuildRequest:
        """A build on the base image, in a context of its own."""
        context = self.folder / uuid.uuid4().hex
        context.mkdir()
        (context / "Dockerfile").write_text("\n".join([f"FROM {BASE}", *instructions]) + "\n")
        for name, text in (files or {}).items():
            (context / name).write_text(text)
        request = BuildRequest(
            context=context,
            dockerfile="Dockerfile",
            tag=f"slipway-test/{self.instance}:1",
            labels={LABEL_INSTANCE: self.instance},
            timeout=120.0,
        )
        return replace(request, **changes)

    def build(self, request: BuildRequest) -> list[BuildEvent]:
        return list(self.engine.build(request, cancelled=lambda: False))


def base_image(engine: Engine, folder: Path) -> str:
    """The base image's ID; made of the distribution's static busybox where it is not there yet."""
    if isinstance(engine, FakeEngine):
        return engine.add_image(tag=BASE).image_id
    try:
        return engine.image(BASE).image_id
    except NotFound:
        context = folder / "base"
        context.mkdir()
        shutil.copyfile(BUSYBOX, context / "busybox")
        (context / "busybox").chmod(0o755)
        (context / "Dockerfile").write_text(
            'FROM scratch\nCOPY busybox /bin/busybox\nRUN ["/bin/busybox", "--install", "-s", "/bin"]\n'
        )
        request = BuildRequest(context=context, dockerfile="Dockerfile", tag=BASE, labels={})
        return image_of(list(engine.build(request, cancelled=lambda: False)))


def image_of(events: Sequence[BuildEvent]) -> str:
    last = events[-1]
    assert isinstance(last, Built)
    return last.image_id


def gone(engine: Engine, container_id: str) -> bool:
    try:
        engine.container(container_id)
    except NotFound:
        return True
    except EngineError:
        return False
    return False
