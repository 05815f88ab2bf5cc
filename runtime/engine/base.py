"""The engine port: what Slipway needs of a container engine, in the engine's own resource words.

Every call ends within `CALL_TIMEOUT` or raises; streams (`logs`, `events`, `build`) end when told
to. Errors are translated once, by the implementation, into the classes of `runtime.engine.errors`.
Times are UNIX nanoseconds of the engine's clock.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from runtime.contract.link import EngineFacts
from runtime.contract.orders import ContainerSpec
from runtime.contract.reports import BoundPort, Layer

CALL_TIMEOUT = 30.0
CANCEL_WITHIN = 3.0
MAX_LOG_BATCH = 2000

Status = Literal["created", "running", "paused", "restarting", "removing", "exited", "dead"]
EngineHealth = Literal["none", "starting", "healthy", "unhealthy"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image the engine holds. `image_id` is its identity, `sha256:` of its config."""

    image_id: str
    size: int
    tags: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    has_healthcheck: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerPlan:
    """One container to create. Everything the engine is asked for comes from `spec`; there is no
    pass-through.

    `variables` are the spec's with the secrets resolved. `alias` is the name other containers of
    `network` find it by.
    """

    name: str
    spec: ContainerSpec
    variables: Mapping[str, str]
    labels: Mapping[str, str]
    network: str
    alias: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """One container as the engine shows it. `address` is where the host reaches it, None while it
    has none.

    `oom_killed` is the engine's own mark. An engine on cgroup v1 misses it now and then (exit code 137
    without the mark) when memory runs out in the first moments of a container.
    """

    container_id: str
    name: str
    image_id: str
    labels: Mapping[str, str]
    status: Status
    health: EngineHealth = "none"
    exit_code: int | None = None
    oom_killed: bool = False
    restarts: int = 0
    started_ns: int | None = None
    finished_ns: int | None = None
    address: str | None = None
    ports: tuple[BoundPort, ...] = ()
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """One line of a container's log, without its newline.

    `ns` is the engine's time made strictly increasing within the container, so it alone says where
    a reader stands. A line that the engine had split ends with `LINE_CONTINUES`. The text is raw:
    not masked, not yet made visible.
    """

    ns: int
    stream: Literal["o", "e"]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineEvent:
    """A hint that a managed container changed. `action` is the engine's word: create, start, die,
    oom, stop, destroy, health_status…
    """

    ns: int
    container_id: str
    action: str
    labels: Mapping[str, str]


class LogStream(Protocol):
    """An open log. Iterating gives what each read returned, in batches of 1 to `MAX_LOG_BATCH`
    entries.

    It ends when the log does or after `close`, and raises `EngineUnavailable` when the engine
    broke off.
    """

    def __iter__(self) -> Iterator[list[LogEntry]]: ...

    def close(self) -> None:
        """Ends the iteration from any thread, at once. Done twice is done once."""


class EventStream(Protocol):
    """Open events. Ends after `close`; raises `EngineUnavailable` when the engine broke off."""

    def __iter__(self) -> Iterator[EngineEvent]: ...

    def close(self) -> None:
        """Ends the iteration from any thread, at once. Done twice is done once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildRequest:
    """One build. `dockerfile` is a path within `context`; the image gets `tag` and `labels`."""

    context: Path
    dockerfile: str
    tag: str
    labels: Mapping[str, str]
    args: Mapping[str, str] = field(default_factory=dict)
    target: str | None = None
    no_cache: bool = False
    timeout: float = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStarted:
    """A part of the build began; `key` names it in the events that follow."""

    key: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFinished:
    """A part of the build ended. `error` is empty unless it failed."""

    key: str
    cached: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildLine:
    """A line the build printed; `key` of its step, None for the builder's own words."""

    stream: Literal["o", "e"]
    text: str
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """The last event of a build that succeeded."""

    image_id: str


BuildEvent = StepStarted | StepFinished | BuildLine | Built


class Engine(Protocol):
    """A container engine on this host."""

    def facts(self) -> EngineFacts:
        """What it is and what it can do."""

    def image(self, reference: str) -> Image:
        """The image with this ID, digest or tag. NotFound."""

    def tag_image(self, image_id: str, tag: str) -> None:
        """`tag` now names the image. NotFound."""

    def pull(self, reference: str, *, cancelled: Callable[[], bool]) -> Image:
        """Fetches a public image from its registry. NotFound, EngineTimeout, BuildCancelled."""

    def layers(self, image_id: str) -> list[Layer]:
        """What the image is made of, oldest first. NotFound."""

    def remove_image(self, image_id: str) -> None:
        """Removes exactly this image with its tags; gone already is fine. Conflict while a
        container uses it, BadRequest for a tag.
        """

    def build(self, request: BuildRequest, *, cancelled: Callable[[], bool]) -> Iterator[BuildEvent]:
        """Builds, and ends in `Built`. Polls `cancelled` from the calling thread; BuildCancelled
        within `CANCEL_WITHIN`.

        BuildFailed (what the Dockerfile did), BuildTimeout, EngineUnavailable, DiskFull. Nothing
        of the build runs on after any of them.
        """

    def ensure_network(self, name: str, *, labels: Mapping[str, str]) -> None:
        """A bridge network of that name exists. Conflict when one exists that does not carry our
        instance's label.
        """

    def remove_network(self, name: str, *, instance: str) -> bool:
        """Removes the network if it is this instance's and unused; False when it stays or was not
        there.
        """

    def create(self, plan: ContainerPlan) -> str:
        """Creates the container; its full ID. Conflict when the name is taken, NotFound without
        image or network.
        """

    def start(self, container_id: str) -> None:
        """Starts it; running already is fine. NotFound, PortTaken, BadRequest (e.g. no such
        command).
        """

    def stop(self, container_id: str, *, timeout: int) -> None:
        """Stop signal, and kill after `timeout` seconds; stopped or gone already is fine."""

    def restart(self, container_id: str, *, timeout: int) -> None:
        """Stops and starts it. NotFound."""

    def rename(self, container_id: str, name: str) -> None:
        """Conflict when the name is taken, NotFound."""

    def remove(self, container_id: str) -> None:
        """Removes it, running or not, with its anonymous volumes; gone already is fine."""

    def container(self, container: str) -> Container:
        """By ID or exact name. NotFound."""

    def list_managed(self, *, instance: str, labels: Mapping[str, str] | None = None) -> list[Container]:
        """Every container with our instance's label (and these), running or not, oldest first. All
        others are invisible.
        """

    def logs(self, container_id: str, *, since_ns: int = 0, follow: bool = False) -> LogStream:
        """Entries after `since_ns` (the `ns` of the last one held), none twice. NotFound on
        opening.
        """

    def tail(self, container_id: str, *, lines: int) -> list[LogEntry]:
        """The last entries. NotFound."""

    def events(self, *, instance: str, since_ns: int | None = None) -> EventStream:
        """Events of our containers from now on, or from `since_ns` as far back as the engine
        remembers.
        """

    def close(self) -> None:
        """Lets go of the engine's connections."""
