"""An engine in memory for fast tests: it remembers what was done to it and misbehaves on request.

The contract tests that bind the real engine bind this one. Beyond the port it has the hands of
fate: `unavailable`, `trouble`, `let_die`, `dies_after`, `fails_at`, and what it remembers in
`calls`.
"""

import hashlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

from runtime.contract.link import EngineFacts
from runtime.contract.names import DIGEST, LABEL_INSTANCE
from runtime.contract.reports import Layer
from runtime.engine.base import (
    BuildEvent,
    BuildRequest,
    Container,
    ContainerPlan,
    EngineEvent,
    EventStream,
    Image,
    LogEntry,
    LogStream,
)
from runtime.engine.errors import BadRequest, Conflict, EngineError, EngineUnavailable, NotFound
from runtime.engine.fake_build import FakeBuilder
from runtime.engine.fake_container import FakeContainer, PortTable
from runtime.engine.fake_streams import FakeEventStream, FakeLogStream

GIGABYTE = 1024**3


@dataclass(slots=True, kw_only=True)
class Trouble:
    """The next `times` calls of `call` raise `error`; `after` the work was done: the answer is
    lost.
    """

    call: str
    error: EngineError
    times: int = 1
    after: bool = False


class FakeEngine:
    """A container engine that exists only here."""

    def __init__(self) -> None:
        self.unavailable = False
        self.trouble: list[Trouble] = []
        self.calls: list[tuple[str, str]] = []  # (verb, container's name or image), in order
        self.before_call: Callable[[str], None] | None = None  # may raise whatever ends a worker
        self.dies_after: tuple[int, int] | None = None  # new containers: looks taken, exit code
        self.networks: dict[str, dict[str, str]] = {}
        self.containers: dict[str, FakeContainer] = {}
        self.images: dict[str, Image] = {}
        self.recorded: list[EngineEvent] = []
        self.changed = threading.Condition()
        self._layers: dict[str, list[Layer]] = {}
        self._ports = PortTable()
        self.builder = FakeBuilder(has_image=self._has_image, keep=self._keep_image)

    def add_image(self, *, tag: str, labels: Mapping[str, str] | None = None) -> Image:
        """An image that is simply there."""
        image_id = "sha256:" + hashlib.sha256(tag.encode()).hexdigest()
        image = Image(image_id=image_id, size=1, tags=(tag,), labels=dict(labels or {}))
        self.images[image_id] = image
        self._layers[image_id] = [Layer(instruction="ADD", size=1)]
        return image

    def let_die(self, container_id: str, *, exit_code: int = 1, oom_killed: bool = False) -> None:
        """The container's main process ends now."""
        with self.changed:
            self._find(container_id).end(exit_code=exit_code, oom_killed=oom_killed)
            self._record("die", container_id)

    def facts(self) -> EngineFacts:
        with self._call("facts", ""):
            return EngineFacts(
                name="fake",
                version="0",
                api_version="0",
                storage_driver="memory",
                cgroup_version="2",
                builder="classic",
                kernel="none",
                operating_system="none",
                cpus=2,
                memory=GIGABYTE,
                disk_total=GIGABYTE,
                disk_free=GIGABYTE,
            )

    def image(self, reference: str) -> Image:
        with self._call("image", reference):
            for image in self.images.values():
                if reference == image.image_id or reference in image.tags:
                    return image
            raise NotFound(f"no such image: {reference}")

    def tag_image(self, image_id: str, tag: str) -> None:
        image = self.image(image_id)
        with self._call("tag_image", tag):
            self._untag(tag)
            self.images[image.image_id] = replace(image, tags=(*image.tags, tag))

    def layers(self, image_id: str) -> list[Layer]:
        return list(self._layers[self.image(image_id).image_id])

    def pull(self, reference: str, *, cancelled: Callable[[], bool]) -> Image:
        with self._call("pull", reference):
            raise NotFound(f"no registry gives {reference}")

    def remove_image(self, image_id: str) -> None:
        with self._call("remove_image", image_id):
            if not DIGEST.fullmatch(image_id):
                raise BadRequest(f"not an exact ID: {image_id}")
            if any(one.image_id == image_id for one in self.containers.values()):
                raise Conflict("a container uses the image")
            self.images.pop(image_id, None)

    def build(self, request: BuildRequest, *, cancelled: Callable[[], bool]) -> Iterator[BuildEvent]:
        with self._call("build", request.tag):
            events = self.builder.build(request, cancelled=cancelled)
        for event in events:
            if self.unavailable:
                raise EngineUnavailable("the engine broke off")
            yield event

    def ensure_network(self, name: str, *, labels: Mapping[str, str]) -> None:
        with self._call("ensure_network", name):
            mine = self.networks.setdefault(name, dict(labels))
            if mine.get(LABEL_INSTANCE) != labels[LABEL_INSTANCE]:
                raise Conflict(f"the network {name} belongs to somebody else")

    def remove_network(self, name: str, *, instance: str) -> bool:
        with self._call("remove_network", name):
            ours = self.networks.get(name, {}).get(LABEL_INSTANCE) == instance
            used = any(one.plan.network == name for one in self.containers.values())
            if ours and not used:
                del self.networks[name]
            return ours and not used

    def create(self, plan: ContainerPlan) -> str:
        image = self.image(plan.spec.image)
        with self._call("create", plan.name):
            if any(one.name == plan.name for one in self.containers.values()):
                raise Conflict(f"the name {plan.name} is taken")
            if plan.network not in self.networks:
                raise NotFound(f"no such network: {plan.network}")
            made = FakeContainer(plan=plan, image_id=image.image_id, dies_after=self.dies_after)
            self.containers[made.container_id] = made
            self._record("create", made.container_id)
            return made.container_id

    def start(self, container_id: str) -> None:
        with self._call("start", container_id):
            container = self._find(container_id)
            if container.is_up:
                return
            self._ports.take(container)
            container.begin()
            self._record("start", container_id)
            if not container.is_up:
                self._record("die", container_id)

    def stop(self, container_id: str, *, timeout: int) -> None:
        with self._call("stop", container_id):
            container = self.containers.get(container_id)
            if container is not None and container.is_up:
                container.stop()
                self._ports.release(container)
                self._record("die", container_id)
                self._record("stop", container_id)

    def restart(self, container_id: str, *, timeout: int) -> None:
        with self._call("restart", container_id):
            container = self._find(container_id)
            if container.is_up:
                container.stop()
                self._record("die", container_id)
            container.begin()
            self._record("restart", container_id)

    def rename(self, container_id: str, name: str) -> None:
        with self._call("rename", container_id):
            if any(one.name == name for one in self.containers.values()):
                raise Conflict(f"the name {name} is taken")
            self._find(container_id).name = name

    def remove(self, container_id: str) -> None:
        with self._call("remove", container_id):
            container = self.containers.get(container_id)
            if container is not None:
                container.stop()
                self._ports.release(container)
                self._record("destroy", container_id)
                del self.containers[container_id]

    def container(self, container: str) -> Container:
        with self._call("container", container):
            return self._find(container).look()

    def list_managed(self, *, instance: str, labels: Mapping[str, str] | None = None) -> list[Container]:
        wanted = ({LABEL_INSTANCE: instance} | dict(labels or {})).items()
        with self._call("list_managed", instance):
            everyone = list(self.containers.values())
            return [one.look() for one in everyone if dict(one.plan.labels).items() >= wanted]

    def logs(self, container_id: str, *, since_ns: int = 0, follow: bool = False) -> LogStream:
        with self._call("logs", container_id):
            container = self._find(container_id)
            return FakeLogStream(self, container, since_ns=since_ns, follow=follow)

    def tail(self, container_id: str, *, lines: int) -> list[LogEntry]:
        with self._call("tail", container_id):
            return self._find(container_id).log[-lines:]

    def events(self, *, instance: str, since_ns: int | None = None) -> EventStream:
        with self._call("events", instance):
            since = time.time_ns() if since_ns is None else since_ns
            return FakeEventStream(self, instance=instance, since_ns=since)

    def close(self) -> None:
        """Nothing is held."""

    @contextmanager
    def _call(self, verb: str, subject: str) -> Iterator[None]:
        with self.changed:
            if self.unavailable:
                raise EngineUnavailable("the engine cannot be reached")
            if self.before_call is not None:
                self.before_call(verb)
            known = self.containers.get(subject)
            self.calls.append((verb, known.name if known else subject))
            trouble = next((one for one in self.trouble if one.call == verb and one.times), None)
            if trouble is not None:
                trouble.times -= 1
                if not trouble.after:
                    raise trouble.error
            yield
            if trouble is not None:
                raise trouble.error

    def _find(self, container: str) -> FakeContainer:
        for one in self.containers.values():
            if container in (one.container_id, one.name):
                return one
        raise NotFound(f"no such container: {container}")

    def _record(self, action: str, container_id: str) -> None:
        labels = dict(self._find(container_id).plan.labels)
        self.recorded.append(EngineEvent(ns=time.time_ns(), container_id=container_id, action=action, labels=labels))
        self.changed.notify_all()

    def _has_image(self, reference: str) -> bool:
        return any(reference in (one.image_id, *one.tags) for one in self.images.values())

    def _keep_image(self, request: BuildRequest, image_id: str, layers: list[Layer]) -> None:
        self._untag(request.tag)
        self.images[image_id] = Image(
            image_id=image_id,
            size=sum(layer.size for layer in layers),
            tags=(request.tag,),
            labels=dict(request.labels),
        )
        self._layers[image_id] = layers

    def _untag(self, tag: str) -> None:
        for image_id, image in self.images.items():
            rest = tuple(name for name in image.tags if name != tag)
            self.images[image_id] = replace(image, tags=rest)
