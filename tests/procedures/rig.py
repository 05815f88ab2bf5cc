"""A reporter that remembers, a prober that answers as told, orders to vary, and a clock that only waiting moves."""

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from runtime.contract.container import ContainerSpec, Health, Restart
from runtime.contract.orders import ConvergeService, ReplicaSpec
from runtime.contract.reports import ServiceResult
from runtime.edge.fake import FakeEdge
from runtime.engine.fake import FakeEngine
from runtime.engine.values import Container
from runtime.procedures.converge_service import converge_service
from runtime.procedures.ports import Cancelled, FileOwner, StepEnd
from runtime.redaction import Secret

INSTANCE = "01testinstance000000000000"
SERVICE = "01service00000000000000000"
ENVIRONMENT = "01env000000000000000000000"


@dataclass
class Told:
    """What a procedure told, and the hand on its stop cord."""

    lines: list[tuple[str, str, int | None]] = field(default_factory=list)
    steps: dict[int, list[str]] = field(default_factory=dict)  # number -> [name, state, cached|""]
    phases: list[str] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)
    clock: float = 0.0
    stop_at_step: str | None = None
    stopping: bool = False
    on_wait: Callable[[], None] | None = None

    def phase(self, name: str) -> None:
        self.phases.append(name)

    def fact(self, key: str, value: str) -> None:
        self.facts[key] = value

    def line(self, stream: str, text: str, *, step: int | None = None) -> None:
        self.lines.append((stream, text, step))

    def begin(self, name: str) -> int:
        number = len(self.steps) + 1
        self.steps[number] = [name, "running", ""]
        if self.stop_at_step is not None and self.stop_at_step in name:
            self.stopping = True
        return number

    def end(self, number: int, *, state: StepEnd = "succeeded", cached: bool = False, detail: str = "") -> None:
        if self.steps[number][1] == "running":
            self.steps[number][1:] = [state, "cached" if cached else ""]

    @contextmanager
    def step(self, name: str) -> Iterator[int]:
        number = self.begin(name)
        try:
            yield number
        except Cancelled:
            self.end(number, state="cancelled")
            raise
        except BaseException:
            self.end(number, state="failed")
            raise
        self.end(number)

    def cancelled(self) -> bool:
        return self.stopping

    def check_cancelled(self) -> None:
        if self.stopping:
            raise Cancelled

    def wait(self, seconds: float) -> None:
        self.check_cancelled()
        self.clock += seconds
        if self.on_wait is not None:
            self.on_wait()

    def now(self) -> float:
        return self.clock

    def texts(self) -> list[str]:
        return [text for _, text, _ in self.lines]

    def ended(self, state: str) -> list[str]:
        return [name for name, how, _ in self.steps.values() if how == state]


class Lived(Told):
    """The same where time is real, as a real engine's is."""

    def wait(self, seconds: float) -> None:
        time.sleep(seconds)

    def now(self) -> float:
        return time.monotonic()


@dataclass
class Answers:
    """A prober that says no `refusals` times to each question, then yes."""

    refusals: int = 0
    asked: list[tuple[str, str, int]] = field(default_factory=list)

    def tcp(self, address: str, port: int, *, timeout: float) -> str | None:
        return self._answer(("tcp", address, port))

    def http(self, address: str, port: int, path: str, *, timeout: float) -> str | None:
        return self._answer((path, address, port))

    def _answer(self, question: tuple[str, str, int]) -> str | None:
        self.asked.append(question)
        return "not yet" if len(self.asked) <= self.refusals else None


@dataclass
class Folders:
    """Remembers which secrets lie in which container's folder, and whose they are."""

    held: dict[str, tuple[dict[str, str], FileOwner]] = field(default_factory=dict)
    written: list[str] = field(default_factory=list)

    def write(
        self, *, service: str, environment: str, container: str, files: Mapping[str, Secret], owner: FileOwner
    ) -> Path:
        name = f"{service}-{environment}/{container}"
        self.held[name] = ({file: secret.reveal() for file, secret in files.items()}, owner)
        self.written.append(name)
        return Path("/secrets") / name

    def keep(self, *, service: str, environment: str, containers: Collection[str]) -> None:
        kept = {f"{service}-{environment}/{container}" for container in containers}
        self.held = {name: held for name, held in self.held.items() if name in kept}


@dataclass
class Harbour:
    """A host with a fake engine, and the one service that is deployed there again and again."""

    engine: FakeEngine = field(default_factory=FakeEngine)
    told: Told = field(default_factory=Told)
    prober: Answers = field(default_factory=Answers)
    edge: FakeEdge = field(default_factory=FakeEdge)
    files: Folders = field(default_factory=Folders)

    def image(self, tag: str = "app:1") -> str:
        return self.engine.add_image(tag=tag).image_id

    def converge(self, order: ConvergeService, *, job: str = "job0000001", **secrets: str) -> ServiceResult:
        self.told = Told(stop_at_step=self.told.stop_at_step, on_wait=self.told.on_wait)
        return converge_service(
            order,
            engine=self.engine,
            reporter=self.told,
            secrets={name: Secret(value) for name, value in secrets.items()},
            instance=INSTANCE,
            job=job,
            prober=self.prober,
            edge=self.edge,
            files=self.files,
        )

    def here(self) -> list[Container]:
        return self.engine.list_managed(instance=INSTANCE)

    def running(self) -> list[str]:
        """Releases whose containers run, by index."""
        up = [one for one in self.here() if one.status == "running"]
        ordered = sorted(up, key=lambda one: one.labels["slipway.index"])
        return [one.labels["slipway.release"] for one in ordered]

    def verbs(self, *wanted: str) -> list[str]:
        return [verb for verb, _ in self.engine.calls if verb in wanted]


def order(image: str, *, generation: int = 1, replicas: int = 1, **changes: object) -> ConvergeService:
    """Release `r<generation>` of the service, each replica an ID of its generation."""
    wanted = tuple(
        ReplicaSpec(
            replica=f"01replica00000000000g{generation:02d}i{index:02d}", index=index, log=f"log{generation}{index}"
        )
        for index in range(1, replicas + 1)
    )
    base = ConvergeService(
        deployment="01deployment00000000000000",
        project="01project00000000000000000",
        service=SERVICE,
        service_slug="web",
        environment=ENVIRONMENT,
        environment_slug="dev",
        release=f"r{generation}",
        generation=generation,
        spec=ContainerSpec(
            image=image, command=("sleep", "300"), restart=Restart(policy="no"), health=Health(deadline=5.0)
        ),
        replicas=wanted,
    )
    return msgspec.structs.replace(base, **changes)


def with_spec(base: ConvergeService, **changes: object) -> ConvergeService:
    """The same order with settings of its container changed."""
    return msgspec.structs.replace(base, spec=msgspec.structs.replace(base.spec, **changes))
