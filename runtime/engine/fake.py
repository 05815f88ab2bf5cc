"""An engine in memory for fast tests: it remembers what was done to it and misbehaves on request.

The contract tests that bind the real engine bind this one. Beyond the port it has the hands of
fate: `unavailable`, `trouble`, `let_die`, `dies_after`, `fails_at`, and what it remembers in
`calls`.
"""

import hashlib
import time
from collections.abc import Callable, Mapping
from typing import Literal

from runtime.contract.container import ContainerSpec
from runtime.contract.isolation import ADDABLE, Isolation
from runtime.contract.link import EngineFacts
from runtime.contract.names import LABEL_INSTANCE
from runtime.contract.reports import Layer
from runtime.engine.base import MAX_CHANGES, EventStream, LogStream
from runtime.engine.errors import BadRequest, Conflict, NotFound, WorkCancelled
from runtime.engine.fake_container import FakeContainer, PortTable
from runtime.engine.fake_images import FakeImages
from runtime.engine.fake_streams import FakeEventStream, FakeLogStream
from runtime.engine.fake_volumes import FakeVolumes
from runtime.engine.image_names import tagged
from runtime.engine.values import Change, Container, ContainerPlan, EngineEvent, FileStat, Image, LogEntry

GIGABYTE = 1024**3


class FakeEngine(FakeImages, FakeVolumes):
    """A container engine that exists only here."""

    def __init__(self) -> None:
        super().__init__()
        self.dies_after: tuple[int, int] | None = None  # new containers: looks taken, exit code
        self.commit_leaks = False  # a committed image has the container's variables
        self.runtimes = ["runc"]
        self.io: tuple[Literal["weight", "bps"], ...] = ("weight", "bps")
        self.networks: dict[str, dict[str, str]] = {}
        self.containers: dict[str, FakeContainer] = {}
        self.recorded: list[EngineEvent] = []
        self._ports = PortTable()

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
                builder=self.builder.name,
                kernel="none",
                operating_system="none",
                cpus=2,
                memory=GIGABYTE,
                disk_total=GIGABYTE,
                disk_free=GIGABYTE,
                runtimes=list(self.runtimes),
                default_runtime=self.runtimes[0],
                seccomp=True,
                io=self.io,
            )

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
            self._judge(plan.spec)
            for mount in plan.spec.volumes:
                self._find_volume(plan.volumes[mount.name])
            made = FakeContainer(plan=plan, image_id=image.image_id, dies_after=self.dies_after)
            self.containers[made.container_id] = made
            self._record("create", made.container_id)
            return made.container_id

    def _judge(self, spec: ContainerSpec) -> None:
        """What the real one refuses too."""
        if (spec.limits.read_bps or spec.limits.write_bps) and "bps" not in self.io:
            raise BadRequest("this host cannot bound how much a container reads or writes: no disk of its own")
        asked = spec.isolation or Isolation()
        if not ADDABLE.issuperset(asked.capabilities):
            raise BadRequest("no container is given these capabilities")
        if asked.runtime and asked.runtime not in self.runtimes:
            raise BadRequest(f"Unknown runtime specified {asked.runtime}")

    def start(self, container_id: str) -> None:
        with self._call("start", container_id):
            container = self._find(container_id)
            if container.status == "paused":
                container.status = "running"
                self._record("unpause", container_id)
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

    def pause(self, container_id: str) -> None:
        with self._call("pause", container_id):
            container = self._find(container_id)
            if container.status == "paused":
                return
            if container.status != "running":
                raise Conflict("the container does not run")
            container.status = "paused"
            self._record("pause", container_id)

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

    def diff(self, container: str) -> list[Change]:
        with self._call("diff", container):
            return sorted(self._find(container).changes, key=lambda change: change.path)[:MAX_CHANGES]

    def stat(self, container: str, path: str) -> FileStat:
        with self._call("stat", container):
            if Change(kind="deleted", path=path) in self._find(container).changes:
                raise NotFound(f"no such path: {path}")
            return FileStat(kind="file", size=len(path))

    def commit(
        self,
        container: str,
        *,
        tag: str,
        author: str,
        message: str,
        labels: Mapping[str, str],
        cancelled: Callable[[], bool],
        timeout: float,
    ) -> str:
        name = tagged(tag).familiar
        with self._call("commit", container):
            if cancelled():
                raise WorkCancelled("it was cancelled")
            found = self._find(container)
            base = self._find_image(found.image_id)
            layers = (*base.layers, Layer(instruction=message, size=len(found.changes)))
            identity = f"{found.container_id} {found.changes} {author} {message} {sorted(labels.items())}"
            image = Image(
                image_id="sha256:" + hashlib.sha256(identity.encode()).hexdigest(),
                size=sum(layer.size for layer in layers),
                labels=dict(base.image.labels) | dict(labels),
                variables=dict(base.image.variables) | (dict(found.plan.variables) if self.commit_leaks else {}),
            )
            self._hold(image, layers)
            self._give_name(image.image_id, name)
            return image.image_id

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

    def _named(self, subject: str) -> str:
        known = self.containers.get(subject)
        return known.name if known else subject

    def _users(self, volume: str) -> int:
        return sum(volume in one.plan.volumes.values() for one in self.containers.values())

    def _is_used(self, image_id: str) -> bool:
        return any(one.image_id == image_id for one in self.containers.values())

    def _find(self, container: str) -> FakeContainer:
        for one in self.containers.values():
            if container in (one.container_id, one.name):
                return one
        raise NotFound(f"no such container: {container}")

    def _record(self, action: str, container_id: str) -> None:
        labels = dict(self._find(container_id).plan.labels)
        self.recorded.append(EngineEvent(ns=time.time_ns(), container_id=container_id, action=action, labels=labels))
        self.changed.notify_all()
