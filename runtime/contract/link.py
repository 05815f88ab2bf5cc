"""The link: the one WebSocket that a host's agent opens to the control plane.

Frames are binary MessagePack of one tagged union each way (`Up`, `Down`). The host speaks first with `Hello`.
"""

from typing import Literal

import msgspec

from runtime.contract.message import Strict
from runtime.contract.reports import BoundPort, Line, LogPosition

MAX_FRAME_BYTES = 1024 * 1024
RELIST_SECONDS = 5.0
SILENT_AFTER_SECONDS = 12.0  # a host not heard for this long is "unknown since"; shown within 15 s of a cut
MAX_IMAGES_HELD = 3000  # in one list
MAX_VOLUMES_HELD = 3000


class EdgeFacts(Strict, frozen=True, kw_only=True):
    """Where the host's edge proxy listens. `answers` False: it is to run, and does not at this moment."""

    address: str
    http: int
    https: int
    answers: bool


class EngineFacts(Strict, frozen=True, kw_only=True):
    """What the host found out about its engine; shown to people, and used to refuse what it cannot do."""

    name: str
    version: str
    api_version: str
    storage_driver: str
    cgroup_version: str
    builder: Literal["buildx", "buildkit", "classic", "none"]
    kernel: str
    operating_system: str
    cpus: int
    memory: int
    disk_total: int
    disk_free: int
    runtimes: list[str] = []
    default_runtime: str = ""
    seccomp: bool | None = None  # system calls are filtered unless somebody says otherwise; None: not said
    user_namespaces: bool = False  # root in a container is somebody else outside
    io: tuple[Literal["weight", "bps"], ...] = ()  # how the disk's use by one container can be bounded
    edge: EdgeFacts | None = None  # told by the agent, not by the engine; None: the host has no edge


class Effective(Strict, frozen=True, kw_only=True):
    """What a container really is, as the engine shows it, whoever asked for it. Zero and empty: not set."""

    capabilities: tuple[str, ...] = ()
    privileged: bool = False
    no_new_privileges: bool = False
    seccomp: str = ""  # empty: the engine's own list
    read_only: bool = False
    tmpfs: dict[str, str] = {}  # path -> options
    user: str = ""
    runtime: str = ""
    memory: int = 0
    swap: int = 0  # bytes beyond the memory; -1: as much as there is
    cpus: float = 0.0
    pids: int = 0
    nofile: int = 0
    io_weight: int = 0
    read_bps: int = 0
    write_bps: int = 0


class ContainerFacts(Strict, frozen=True, kw_only=True):
    """One managed container as the engine shows it now. Labels are Slipway's own, the rest is dropped on the host."""

    container: str
    replica: str
    service: str
    environment: str
    release: str
    generation: int
    index: int
    log: str
    state: Literal["starting", "healthy", "unhealthy", "stopping", "stopped"]
    exit_code: int | None = None
    oom_killed: bool = False
    restarts: int = 0
    started_ns: int | None = None
    finished_ns: int | None = None
    ports: list[BoundPort] = []
    message: str = ""
    effective: Effective | None = None


class Hello(Strict, frozen=True, kw_only=True, tag_field="kind", tag="hello"):
    """The first word of a link."""

    contract: int
    version: str
    clock_ns: int
    facts: EngineFacts | None  # None: the engine does not answer
    concurrency: int = 0  # jobs that the host's worker carries out at once; 0: not said


class Welcome(Strict, frozen=True, kw_only=True, tag_field="kind", tag="welcome"):
    """The answer to `Hello`: which Slipway this is (value of LABEL_INSTANCE). Before it no container is reported."""

    instance: str


class Snapshot(Strict, frozen=True, kw_only=True, tag_field="kind", tag="snapshot"):
    """Every managed container, as the truth (a full relist). `engine` False: the engine does not answer."""

    clock_ns: int
    containers: list[ContainerFacts]
    engine: bool = True
    facts: EngineFacts | None = None


class Changed(Strict, frozen=True, kw_only=True, tag_field="kind", tag="changed"):
    """A hint from the engine's events: this container now looks so."""

    container: ContainerFacts


class Gone(Strict, frozen=True, kw_only=True, tag_field="kind", tag="gone"):
    """A hint: the container of this replica was removed."""

    container: str
    replica: str


class ImageHeld(Strict, frozen=True, kw_only=True):
    """An image that the engine holds; `build` is what its label names, where it has a build's id."""

    image_id: str
    size: int
    build: str = ""


class ImagesHeld(Strict, frozen=True, kw_only=True, tag_field="kind", tag="images"):
    """Every image there with Slipway's label or name, newest first. `whole` False: there are more than are told."""

    images: list[ImageHeld]
    whole: bool = True


class DiskHeld(Strict, frozen=True, kw_only=True, tag_field="kind", tag="disk"):
    """Bytes that the engine holds, whoever made it."""

    images: int
    containers: int
    volumes: int
    build_cache: int


class VolumeHeld(Strict, frozen=True, kw_only=True):
    """A volume that the engine holds, by the id in its label; bytes."""

    volume: str
    size: int


class VolumesHeld(Strict, frozen=True, kw_only=True, tag_field="kind", tag="volumes"):
    """Volumes there with Slipway's label, as far as they were counted."""

    volumes: list[VolumeHeld]


class LinkLines(Strict, frozen=True, kw_only=True, tag_field="kind", tag="lines"):
    """Consecutive lines of a container's log."""

    log: str
    first: int
    lines: list[Line]


class LinkEnd(Strict, frozen=True, kw_only=True, tag_field="kind", tag="end"):
    """The log's container is gone for good; `last` lines were sent."""

    log: str
    last: int
    state: str


class Ask(Strict, frozen=True, kw_only=True, tag_field="kind", tag="ask"):
    """Where do these logs stand? Answered by `Positions`."""

    logs: list[str]


class Positions(Strict, frozen=True, kw_only=True, tag_field="kind", tag="positions"):
    """Answer to `Ask`. A log the host may not write is left out."""

    logs: list[LogPosition]


class Kept(Strict, frozen=True, kw_only=True, tag_field="kind", tag="kept"):
    """Lines of `log` up to `last` are held, up to `archived` for good. `last` below what was sent means: send again."""

    log: str
    last: int
    archived: int


class Refused(Strict, frozen=True, kw_only=True, tag_field="kind", tag="refused"):
    """Something the host said was not believed; `subject` is the log or container."""

    subject: str
    reason: str


class Follow(Strict, frozen=True, kw_only=True, tag_field="kind", tag="follow"):
    """Relist now."""


Up = Hello | Snapshot | Changed | Gone | ImagesHeld | DiskHeld | VolumesHeld | LinkLines | LinkEnd | Ask
Down = Welcome | Positions | Kept | Refused | Follow

up_decoder = msgspec.msgpack.Decoder(Up)
down_decoder = msgspec.msgpack.Decoder(Down)
encoder = msgspec.msgpack.Encoder()
