"""Reports: what a host may say about the one job it has claimed, over HTTP(S) with the job's token.

Everything here comes from the far side: `webapp.ingest` checks token, job, lawful state and size before a word of it
is believed. Times are UNIX nanoseconds of the host's clock; order is by number, never by time.
"""

from typing import Literal

import msgspec

from runtime.contract.message import Strict
from runtime.contract.orders import Order

MAX_LINE_BYTES = 16 * 1024  # a longer line is split, each part but the last ends with LINE_CONTINUES
MAX_BATCH_LINES = 2000
MAX_BATCH_BYTES = 512 * 1024
LINE_CONTINUES = "\u21a9"

Stream = Literal["o", "e", "s"]  # stdout, stderr, Slipway's own words
Line = tuple[int, Stream, str]  # (unix nanoseconds, stream, text without its newline)


class LogPosition(Strict, frozen=True, kw_only=True):
    """Where a log stands: the next number to give, and the engine time (ns) of the last line kept, 0 if none."""

    log: str
    next: int
    resume_ns: int = 0


class Claim(Strict, frozen=True, kw_only=True):
    """The answer to a claim: the order with all that is needed to carry it out, good for this attempt alone."""

    job: str
    attempt: int
    token: str
    lease: float  # seconds; a heartbeat renews it
    heartbeat: float  # seconds between heartbeats
    instance: str  # which Slipway speaks: value of LABEL_INSTANCE
    order: Order
    secrets: dict[str, str] = {}
    log: LogPosition


class HeartbeatAnswer(Strict, frozen=True, kw_only=True):
    """Cancel rides on it. `log` says how far lines are kept for good."""

    cancel: bool
    lease: float
    archived: int = 0


class Step(Strict, frozen=True, kw_only=True):
    """A named, timed part of a job; sent when it starts and again when it ends, by `number`."""

    number: int
    name: str
    state: Literal["running", "succeeded", "failed", "cancelled"]
    started_ns: int
    finished_ns: int | None = None
    cached: bool = False
    first_line: int | None = None
    last_line: int | None = None
    detail: str = ""


class Lines(Strict, frozen=True, kw_only=True):
    """Consecutive lines of one log, the first numbered `first`. Sending them again is harmless."""

    log: str
    first: int
    lines: list[Line]


class LinesAnswer(Strict, frozen=True, kw_only=True):
    """`last` is the highest number held. A sender whose `first` lies beyond `last` + 1 goes back to `last` + 1."""

    last: int
    archived: int


class Progress(Strict, frozen=True, kw_only=True):
    """What changed since the last report; any part may be empty."""

    state: Literal["running"] | None = None
    phase: str | None = None  # build: building, pushing; deployment: rolling
    steps: list[Step] = []
    facts: dict[str, str] = {}  # e.g. commit, builder


class Layer(Strict, frozen=True, kw_only=True):
    """One layer of an image, oldest first."""

    instruction: str
    size: int
    digest: str | None = None
    created_ns: int | None = None


class Pushed(Strict, frozen=True, kw_only=True):
    """What became of one push. `tags`: those that are in the registry now; `left_out`: template to the reason.

    `digest` is the manifest's. Without a digest and without a problem there was no tag to push, or no time.
    """

    push: str
    tags: tuple[str, ...] = ()
    left_out: dict[str, str] = {}
    digest: str | None = None
    problem: "Problem | None" = None


class ImageResult(Strict, frozen=True, kw_only=True, tag_field="kind", tag="image"):
    """What a build produced. `digest` is the manifest's where it was pushed, else None; `image_id` is the identity."""

    image_id: str
    digest: str | None
    size: int
    layers: list[Layer]
    commit: str | None = None
    builder: str = ""
    cached_steps: int = 0
    pushed: tuple[Pushed, ...] = ()
    packages: str = ""  # what its package database lists: runtime.contract.packages


class PushResult(Strict, frozen=True, kw_only=True, tag_field="kind", tag="pushed"):
    """What became of the pushes of an order that asked for nothing else."""

    pushed: tuple[Pushed, ...]


class ReplicaResult(Strict, frozen=True, kw_only=True):
    """One container as it stood when the procedure ended."""

    replica: str
    container: str | None
    state: str
    ports: list["BoundPort"] = []


class BoundPort(Strict, frozen=True, kw_only=True):
    """A container port and where the host answers for it."""

    container: int
    host: int
    address: str
    protocol: str = "tcp"


class ServiceResult(Strict, frozen=True, kw_only=True, tag_field="kind", tag="service"):
    """What a convergence left running. `reverted`: the former containers serve again."""

    replicas: list[ReplicaResult]
    reverted: bool = False


class Skipped(Strict, frozen=True, kw_only=True):
    """An image that stays, and why."""

    image_id: str
    reason: str


class Forgotten(Strict, frozen=True, kw_only=True, tag_field="kind", tag="forgotten"):
    """What became of images to be let go. `freed`: bytes, as the engine counts them; None when it could not say."""

    removed: list[str]  # IDs that are not there any more
    skipped: list[Skipped] = []
    freed: int | None = None


class FileChange(Strict, frozen=True, kw_only=True):
    """One path in a container that is not as in its image. `size` in bytes, None where it was not looked at."""

    kind: Literal["added", "changed", "deleted"]
    path: str
    size: int | None = None
    directory: bool = False


class FilesResult(Strict, frozen=True, kw_only=True, tag_field="kind", tag="files"):
    """What changed in a container's files, by path; a directory that only holds what changed is not told of.

    `added`, `changed` and `deleted`: how many there are, of which `changes` may be the first; with `counted` False
    there are more than these.
    """

    changes: list[FileChange]
    added: int
    changed: int
    deleted: int
    counted: bool = True


class Exported(Strict, frozen=True, kw_only=True, tag_field="kind", tag="exported"):
    """An archive of which every byte was sent and taken: how many, and the sha256 of all of them."""

    size: int
    digest: str


class VolumeArchived(Strict, frozen=True, kw_only=True, tag_field="kind", tag="volume_archived"):
    """An archive of a volume of which every byte was sent and taken. `tree` is the sha256 of what is in it: names,
    kinds, owners, modes, times, bytes; `unpacked` counts the bytes of files, by each of their names.
    """

    size: int
    digest: str
    entries: int
    unpacked: int
    tree: str


class VolumeRestored(Strict, frozen=True, kw_only=True, tag_field="kind", tag="volume_restored"):
    """A volume that holds what its archive does: it was read back."""

    entries: int
    unpacked: int
    tree: str


class VolumeRemoved(Strict, frozen=True, kw_only=True, tag_field="kind", tag="volume_removed"):
    """A volume that is not there any more."""


OfVolume = VolumeArchived | VolumeRestored | VolumeRemoved
Result = ImageResult | PushResult | ServiceResult | FilesResult | Forgotten | Exported | OfVolume


class Problem(Strict, frozen=True, kw_only=True):
    """Why a job failed: whose fault it is, whether trying again helps, and the evidence."""

    code: str
    whose: Literal["user", "host", "us"]
    message: str
    advice: str = ""
    retry_helps: bool = False
    step: int | None = None
    evidence: list[str] = []  # last lines, bounded


class Finish(Strict, frozen=True, kw_only=True):
    """The last word on an attempt. `last_line` is the number of the log's last line, so that none is missing."""

    state: Literal["succeeded", "failed", "cancelled"]
    last_line: int
    result: Result | None = None
    problem: Problem | None = None
    steps: list[Step] = []


def encode(message: msgspec.Struct) -> bytes:
    """JSON bytes of a message."""
    return msgspec.json.encode(message)
