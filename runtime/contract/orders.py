"""Orders: what the control plane asks of one host. Typed values, never shell text.

An order is frozen when its job is made and holds no secret; secrets travel beside it in the `Claim`. Every union is
tagged by `kind`. Unknown fields are refused, so an older host never half-understands a newer order.
"""

from typing import Literal

from runtime.contract.container import ContainerSpec
from runtime.contract.message import Strict
from runtime.contract.routes import Http
from runtime.contract.source import SavedSource, Source


class Login(Strict, frozen=True, kw_only=True):
    """Who a host is at a registry. `secret` is the name of the password in the claim."""

    registry: str  # host, with its port where it has one
    username: str
    secret: str


class Push(Strict, frozen=True, kw_only=True):
    """One repository that an image is pushed to. `tags` are templates (`runtime.contract.tagging`)."""

    push: str  # the id by which its result is known
    repository: str  # registry/repository
    tags: tuple[str, ...]
    primary: bool = False  # its failure fails the build; of others it is told
    login: Login | None = None


class BuildImage(Strict, frozen=True, kw_only=True, tag_field="kind", tag="build_image"):
    """Produce one image. The result's identity is the image ID (`sha256:` of its config).

    `push`: where it goes afterwards. `branch`, `git_tag` and `asked_at` (UNIX seconds) fill the tags' templates; what
    is empty there the host finds out from the source, as it does with the commit.
    """

    build: str
    number: int
    tag: str
    source: Source
    args: dict[str, str] = {}
    target: str | None = None
    no_cache: bool = False
    timeout: int = 3600  # seconds
    labels: dict[str, str] = {}
    secrets: dict[str, str] = {}  # id of a secret mount in the Dockerfile -> name of a secret in the claim
    logins: tuple[Login, ...] = ()  # for base images; used for registries that the Dockerfile names
    push: tuple[Push, ...] = ()
    branch: str = ""
    git_tag: str = ""
    asked_at: int = 0


class PushImage(Strict, frozen=True, kw_only=True, tag_field="kind", tag="push_image"):
    """Push an image that this host holds, under the tags that its build has: see `BuildImage`."""

    build: str
    number: int
    image: str  # image ID
    push: tuple[Push, ...]
    commit: str = ""
    branch: str = ""
    git_tag: str = ""
    asked_at: int = 0


class PullImage(Strict, frozen=True, kw_only=True, tag_field="kind", tag="pull_image"):
    """Fetch one image from its registry and keep it under `tag`. The result's digest is the manifest's there.

    `reference` is canonical (`runtime.contract.references`); where it says a tag and a digest, the tag must name just
    that digest. `private`: hosts and networks at which a registry may be although they are private.
    """

    build: str
    number: int
    tag: str
    reference: str
    login: Login | None = None
    private: tuple[str, ...] = ()
    timeout: int = 3600  # seconds
    push: tuple[Push, ...] = ()  # as in `BuildImage`, as the rest
    branch: str = ""
    git_tag: str = ""
    asked_at: int = 0


class LoadImage(Strict, frozen=True, kw_only=True, tag_field="kind", tag="load_image"):
    """Take in an image that was saved as an archive, and keep it under `tag` and under no name that the archive says.

    The result's image ID is the digest of the configuration in the archive.
    """

    build: str
    number: int
    tag: str
    source: SavedSource
    timeout: int = 3600  # seconds, for all of it but the pushes
    push: tuple[Push, ...] = ()  # as in `BuildImage`, as the rest
    branch: str = ""
    git_tag: str = ""
    asked_at: int = 0


class DiffContainer(Strict, frozen=True, kw_only=True, tag_field="kind", tag="diff_container"):
    """Say what is not as in its image in the files of a container; changes nothing."""

    container: str  # its full ID
    labels: dict[str, str]  # it bears all of these, or is none of ours
    entries: int = 2000  # told at most


class CommitContainer(Strict, frozen=True, kw_only=True, tag_field="kind", tag="commit_container"):
    """Keep the files of a container as an image, on top of the image that it runs. It stands still for a moment.

    The image has the settings of the container's image, with `labels` on top: of the container's own settings, its
    variables first of all, it has nothing.
    """

    build: str
    number: int
    tag: str
    container: str  # its full ID
    expected: dict[str, str]  # labels: it bears all of these, or is none of ours
    author: str
    message: str
    labels: dict[str, str] = {}
    timeout: int = 1200  # seconds, of each part
    push: tuple[Push, ...] = ()  # as in `BuildImage`, as the rest
    branch: str = ""
    git_tag: str = ""
    asked_at: int = 0


class ReplicaVolume(Strict, frozen=True, kw_only=True):
    """Which volume a replica has under a name of its specification.

    `known`: it was there before, so that where it is missing now an empty one must not take its place.
    """

    name: str
    volume: str  # its id; the engine knows it by `names.volume_name`
    known: bool = False


class ReplicaSpec(Strict, frozen=True, kw_only=True):
    """One wanted copy on this host."""

    replica: str
    index: int
    log: str
    desired: Literal["running", "stopped"] = "running"
    volumes: tuple[ReplicaVolume, ...] = ()


class PullFrom(Strict, frozen=True, kw_only=True):
    """Where an image is fetched from where it is not held: registry/repository@digest."""

    reference: str
    login: Login | None = None


class ConvergeService(Strict, frozen=True, kw_only=True, tag_field="kind", tag="converge_service"):
    """The whole desired state of one service in one environment on this host.

    Carried out twice it is done once. `replicas` empty means: nothing of this service shall run here. `restart` names
    replicas whose container is to be restarted once (once per job, however often the job is taken up).

    `until` says how far this order goes, as a release may take over on many hosts at once: `stopped` stops the
    containers that are to go and starts none, `proved` starts the wanted ones beside them and proves all, `done` is
    the whole. Nothing is removed before `done`.
    """

    deployment: str | None
    project: str
    service: str
    service_slug: str
    environment: str
    environment_slug: str
    release: str
    generation: int
    spec: ContainerSpec
    replicas: tuple[ReplicaSpec, ...]  # always said: that nothing shall run is no default
    restart: tuple[str, ...] = ()
    leaving: bool = False  # a step of a move away from here: a drained host takes it too
    start_first: bool = True  # False: no surge, and what is to go stops first, as two cannot hold one host port
    pull: tuple[PullFrom, ...] = ()  # tried in this order where the host does not hold `spec.image`
    name: str = ""  # under which the host keeps what it pulled
    http: Http | None = None  # how it is reached by name; not of the container, which may stay when this changes
    surge: int = 1  # so many containers more than wanted may run meanwhile; on the way back both releases may
    unavailable: int = 0  # so many replicas may be down meanwhile; one where there is no surge
    until: Literal["stopped", "proved", "done"] = "done"


class ForgottenImage(Strict, frozen=True, kw_only=True):
    """An image to be let go, by its ID; `tags` are the names that this Slipway gave it there."""

    image_id: str
    tags: tuple[str, ...] = ()


class ForgetImages(Strict, frozen=True, kw_only=True, tag_field="kind", tag="forget_images"):
    """Let go of images that nothing needs. What has another name, or a container, stays."""

    images: tuple[ForgottenImage, ...]


class ExportImage(Strict, frozen=True, kw_only=True, tag_field="kind", tag="export_image"):
    """Send an image that is here as one archive, piece by piece, to where the job's pieces go.

    `name` is what the archive calls the image; an OCI layout says it as its reference.
    """

    image: str  # its ID
    name: str
    layout: Literal["docker", "oci"] = "docker"
    limit: int  # bytes
    timeout: int = 3600  # seconds


class BackupVolume(Strict, frozen=True, kw_only=True, tag_field="kind", tag="backup_volume"):
    """Send what is in a volume as one tar archive within gzip, piece by piece, to where the job's pieces go.

    Meanwhile `containers`, by their full IDs, stand still or are stopped, as `quiesce` says; afterwards they run.
    """

    volume: str  # its id, which its label says
    name: str
    service: str  # whose containers these are; nothing converges it meanwhile
    environment: str
    quiesce: Literal["none", "pause", "stop"] = "none"
    containers: tuple[str, ...] = ()
    stop_timeout: int = 10  # seconds
    limit: int  # bytes, packed as well as unpacked
    timeout: int = 14400  # seconds


class RestoreVolume(Strict, frozen=True, kw_only=True, tag_field="kind", tag="restore_volume"):
    """Make a new volume of an archive, and read it back: it holds what was packed, or it is not there."""

    volume: str
    name: str
    project: str
    environment: str
    digest: str  # of the archive, which the control plane holds
    size: int
    entries: int  # what it unpacks to: see `VolumeArchived`
    unpacked: int
    tree: str
    timeout: int = 14400  # seconds


class RemoveVolume(Strict, frozen=True, kw_only=True, tag_field="kind", tag="remove_volume"):
    """Remove a volume with all that is in it; it has no container."""

    volume: str
    name: str


OnVolume = BackupVolume | RestoreVolume | RemoveVolume
ImageOrder = BuildImage | PullImage | CommitContainer | LoadImage  # what ends in an image that is a build
OnImage = PushImage | ForgetImages | ExportImage  # what is done with one
Order = ImageOrder | OnImage | DiffContainer | ConvergeService | OnVolume
