"""One container of the fake engine, and its table of host ports."""

import time
import uuid
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from runtime.contract.container import ContainerSpec
from runtime.contract.isolation import ENGINES_OWN
from runtime.contract.link import Effective
from runtime.contract.reports import BoundPort
from runtime.engine.errors import BadRequest, PortTaken
from runtime.engine.fake_shell import KILLED, is_known, run
from runtime.engine.values import Change, Container, ContainerPlan, EngineHealth, LogEntry, Status

FIRST_FREE_PORT = 32768
ADDRESS = "127.0.0.1"


@dataclass(slots=True)
class FakeContainer:
    """Remembers its whole life. Looking at it lets its time pass: a look may be its last."""

    plan: ContainerPlan
    image_id: str
    dies_after: tuple[int, int] | None = None
    container_id: str = field(default_factory=lambda: uuid.uuid4().hex * 2)
    name: str = ""
    status: Status = "created"
    exit_code: int | None = None
    oom_killed: bool = False
    restarts: int = 0
    pauses: bool = False
    started_ns: int | None = None
    finished_ns: int | None = None
    health: EngineHealth = "none"
    message: str = ""
    looks: int = 0
    log: list[LogEntry] = field(default_factory=list)
    ports: tuple[BoundPort, ...] = ()
    changes: set[Change] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.name = self.plan.name

    @property
    def is_up(self) -> bool:
        """True while it runs or is about to run again."""
        return self.status in ("running", "paused", "restarting")

    def begin(self) -> None:
        """Its command runs from the start. BadRequest when there is no such program."""
        if not is_known(self.plan.spec.command):
            self.status, self.message = "created", "executable file not found"
            raise BadRequest(f"executable file not found: {self.plan.spec.command[0]}")
        self.status, self.started_ns = "running", max(time.time_ns(), (self.started_ns or 0) + 1)
        self.exit_code, self.oom_killed = None, False  # the engine keeps when it ended last
        self.health = "starting" if self.plan.spec.health.kind == "command" else "none"
        outcome = run(self.plan.spec.command or ("sleep", "3600"))
        self.changes.update(outcome.changes)
        for stream, text in outcome.lines:
            self.say(stream, text)
        if outcome.exit_code is not None:
            self.end(exit_code=outcome.exit_code, oom_killed=outcome.oom_killed)

    def say(self, stream: Literal["o", "e"], text: str) -> None:
        """One line of its log."""
        after = self.log[-1].ns + 1 if self.log else 0
        self.log.append(LogEntry(ns=max(time.time_ns(), after), stream=stream, text=text))

    def end(self, *, exit_code: int, oom_killed: bool = False) -> None:
        """Its main process ended; the restart policy decides what that means."""
        policy = self.plan.spec.restart
        again = policy.policy == "unless-stopped" or (
            policy.policy == "on-failure" and exit_code != 0 and self.restarts < policy.retries
        )
        self.status = "restarting" if again else "exited"
        self.exit_code, self.oom_killed = exit_code, oom_killed
        self.finished_ns, self.health = time.time_ns(), "none"

    def stop(self) -> None:
        """Stopped by hand: no restart policy applies."""
        if self.is_up:
            self.status, self.exit_code = "exited", KILLED
            self.finished_ns, self.health = time.time_ns(), "none"

    def look(self) -> Container:
        """How it is seen now."""
        self._pass_time()
        over = self.status in ("exited", "dead", "restarting")
        return Container(
            container_id=self.container_id,
            name=self.name,
            image_id=self.image_id,
            labels=dict(self.plan.labels),
            status=self.status,
            health=self.health,
            exit_code=self.exit_code if over else None,
            oom_killed=self.oom_killed,
            restarts=self.restarts,
            started_ns=self.started_ns,
            finished_ns=self.finished_ns,
            address=ADDRESS if self.status == "running" else None,
            ports=self.ports if self.status == "running" else (),
            message=self.message,
            effective=_effective(self.plan.spec),
        )

    def _pass_time(self) -> None:
        self.looks += 1
        if self.status == "restarting" and not self.pauses:
            self.pauses = True  # one look finds it between two runs
        elif self.status == "restarting":
            self.pauses = False
            self.restarts += 1
            self.begin()
        elif self.status == "running" and self.health == "starting":
            well = run(self.plan.spec.health.command).exit_code == 0
            self.health = "healthy" if well else "unhealthy"
        if self.status == "running" and self.dies_after and self.looks > self.dies_after[0]:
            self.end(exit_code=self.dies_after[1])


def _effective(spec: ContainerSpec) -> Effective:
    """All that was asked for, and nothing else."""
    limits, asked = spec.limits, spec.isolation
    bounded = Effective(
        capabilities=tuple(sorted(ENGINES_OWN)),
        no_new_privileges=True,
        memory=limits.memory,
        cpus=limits.cpus,
        pids=limits.pids,
        nofile=limits.nofile or 0,
        io_weight=limits.io_weight or 0,
        read_bps=limits.read_bps or 0,
        write_bps=limits.write_bps or 0,
        runtime="runc",
    )
    if asked is None:
        return bounded
    return msgspec.structs.replace(
        bounded,
        capabilities=tuple(sorted(asked.capabilities)),
        no_new_privileges=asked.no_new_privileges,
        read_only=asked.read_only,
        tmpfs={mount.path: f"size={mount.size}" for mount in asked.tmpfs},
        user=asked.user,
        runtime=asked.runtime or "runc",
    )


class PortTable:
    """Which host port belongs to which container."""

    def __init__(self) -> None:
        self._taken: dict[tuple[int, str], str] = {}

    def take(self, container: FakeContainer) -> None:
        """Binds the container's ports, or none of them. PortTaken."""
        bound: list[BoundPort] = []
        for port in container.plan.spec.ports:
            host = port.host or self._free(port.protocol)
            owner = self._taken.get((host, port.protocol), container.container_id)
            if owner != container.container_id:
                self.release(container)
                raise PortTaken(f"port is already allocated: {host}")
            self._taken[host, port.protocol] = container.container_id
            bound.append(BoundPort(container=port.container, host=host, address=ADDRESS, protocol=port.protocol))
        container.ports = tuple(bound)

    def release(self, container: FakeContainer) -> None:
        """Its ports are free again."""
        mine = container.container_id
        self._taken = {port: owner for port, owner in self._taken.items() if owner != mine}

    def _free(self, protocol: str) -> int:
        port = FIRST_FREE_PORT
        while (port, protocol) in self._taken:
            port += 1
        return port
