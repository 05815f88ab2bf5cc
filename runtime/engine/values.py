"""What goes through the engine port: images, containers, builds and transfers as values, in the engine's own words.

Times are UNIX nanoseconds of the engine's clock, sizes are bytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from runtime.contract.container import ContainerSpec
from runtime.contract.link import Effective
from runtime.contract.reports import BoundPort
from runtime.redaction import Secret

Status = Literal["created", "running", "paused", "restarting", "removing", "exited", "dead"]
FileKind = Literal["file", "directory", "link", "other"]
EngineHealth = Literal["none", "starting", "healthy", "unhealthy"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image the engine holds. `image_id` is its identity, `sha256:` of its config. `variables` are those that each
    of its containers gets.
    """

    image_id: str
    size: int
    tags: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    has_healthcheck: bool = False
    user: str = ""  # whom its containers run as unless told otherwise; empty: root


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerPlan:
    """One container to create. Everything the engine is asked for comes from `spec`; there is no
    pass-through.

    `variables` are the spec's with the secrets resolved, `volumes` say which ones the spec's are.
    `alias` is the name other containers of `network` find it by.
    """

    name: str
    spec: ContainerSpec
    variables: Mapping[str, str]
    labels: Mapping[str, str]
    network: str
    alias: str
    secrets: Path | None = None  # a folder that this host made: what is in it is read in the container
    volumes: Mapping[str, str] = field(default_factory=dict)  # name in the spec -> the engine's name


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
    effective: Effective | None = None  # what it is, whatever was asked for


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


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryLogin:
    """Who we are at a registry. Printing it gives the password not away."""

    username: str
    password: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildRequest:
    """One build. `dockerfile` is a path within `context`; the image gets `tag` and `labels`.

    `secrets` are files outside of the context that steps may mount, by the id of the mount; only BuildKit can.
    `logins`, by registry, are for the images that it builds upon. `private` is a folder that goes with the attempt.
    """

    context: Path
    dockerfile: str
    tag: str
    labels: Mapping[str, str]
    args: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, Path] = field(default_factory=dict)
    logins: Mapping[str, RegistryLogin] = field(default_factory=dict)
    private: Path | None = None
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


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldImage:
    """An image as it stands in the engine's list. `digests` are the names by digest under which registries know it."""

    image_id: str
    tags: tuple[str, ...]
    digests: tuple[str, ...]
    size: int
    created_ns: int
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferLine:
    """Something that the engine told about a pull or push that goes on."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """The last event of a pull that succeeded. `digest` of the manifest, as the registry knows it."""

    image: Image
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """The last event of a push that succeeded: the digest of the manifest, as the registry knows it."""

    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One path in a container that is not as in its image."""

    kind: Literal["added", "changed", "deleted"]
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileStat:
    """What lies at a path. `size` in bytes, of a file alone."""

    kind: FileKind
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskUse:
    """Bytes that the engine holds. Layers that images share count once; a container counts with what it wrote."""

    images: int
    containers: int
    volumes: int
    build_cache: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheRecord:
    """Something that the builder keeps for later builds. `shared`: an image has the same bytes, so it holds none of
    its own.
    """

    record_id: str
    size: int
    last_used_ns: int
    in_use: bool
    shared: bool
