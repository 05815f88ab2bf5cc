"""Orders: what the control plane asks of one host. Typed values, never shell text.

An order is frozen when its job is made and holds no secret; secrets travel beside it in the `Claim`. Every union is
tagged by `kind`. Unknown fields are refused, so an older host never half-understands a newer order.
"""

from functools import cache
from typing import Any, Literal

import msgspec

from runtime.contract.archives.rules import Format


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of every message part: immutable, nothing unknown. (`kw_only` is not inherited, so each class says it.)

    A default never changes, and a new field has one: what says its default is not sent, so an order that does not use
    a new field is carried out by a host that does not know it, and a specification keeps its hash.
    """

    def __post_init__(self) -> None:
        # The encoder leaves out what *is* the default, not what equals it; a value from elsewhere only equals it.
        for name, default in _defaults(type(self)):
            value = getattr(self, name)
            if value is not default and value == default:
                msgspec.structs.force_setattr(self, name, default)


@cache
def _defaults(kind: type[Strict]) -> tuple[tuple[str, Any], ...]:
    """The fields with a default that is one value. Empty collections are made anew, and the encoder knows them."""
    fields = msgspec.structs.fields(kind)
    return tuple((field.name, field.default) for field in fields if field.default is not msgspec.NODEFAULT)


def whole(message: Strict) -> dict[str, Any]:
    """JSON values of a flat message with its defaults, for where it is kept and shown; sending leaves them out."""
    fields = msgspec.structs.fields(message)
    return {field.name: msgspec.to_builtins(getattr(message, field.name)) for field in fields}


class InlineSource(Strict, frozen=True, kw_only=True, tag_field="kind", tag="dockerfile"):
    """A Dockerfile with the files beside it; `files` maps a relative path to its text."""

    dockerfile: str
    files: dict[str, str] = {}


class GitSource(Strict, frozen=True, kw_only=True, tag_field="kind", tag="git"):
    """A repository by https or ssh. `ref` is a branch, tag or full commit; `None` means the remote's HEAD.

    By ssh the server's key must be among `known_hosts` or what the host itself knows.
    """

    url: str
    ref: str | None = None
    directory: str = "."
    dockerfile: str = "Dockerfile"
    credential: str | None = None  # name of a secret in the claim: "user:password"
    deploy_key: str | None = None  # name of a secret in the claim: a private key as ssh reads it
    known_hosts: str = ""  # lines of a known_hosts file
    submodules: bool = False


class ArchiveSource(Strict, frozen=True, kw_only=True, tag_field="kind", tag="archive"):
    """An uploaded archive, fetched from the control plane by its digest (`wire.blob_path`) and unpacked on the host."""

    digest: str  # sha256 of the archive itself
    size: int  # its bytes
    format: Format
    directory: str = "."
    dockerfile: str = "Dockerfile"


Source = InlineSource | GitSource | ArchiveSource


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


class Port(Strict, frozen=True, kw_only=True):
    """A published port. `host` None lets the engine choose."""

    container: int
    host: int | None = None
    protocol: Literal["tcp", "udp"] = "tcp"


class Health(Strict, frozen=True, kw_only=True):
    """How a replica proves that it serves. Times in seconds.

    `none`: running for `minimum_healthy` seconds is enough. `image`: the image's own HEALTHCHECK. `command` runs
    inside the container; `tcp` and `http` are asked by the host at the container's address.
    """

    kind: Literal["none", "image", "tcp", "http", "command"] = "none"
    port: int | None = None
    path: str = "/"
    command: tuple[str, ...] = ()
    interval: float = 1.0
    timeout: float = 2.0
    grace: float = 0.0
    retries: int = 3
    deadline: float = 60.0
    minimum_healthy: float = 0.5


class Limits(Strict, frozen=True, kw_only=True):
    """Ceilings of one container: bytes of memory, CPUs as a fraction, number of processes."""

    memory: int = 512 * 1024 * 1024
    cpus: float = 1.0
    pids: int = 256


class Restart(Strict, frozen=True, kw_only=True):
    """The engine's own restart policy for a container that exits by itself."""

    policy: Literal["no", "on-failure", "unless-stopped"] = "unless-stopped"
    retries: int = 3  # with on-failure only


class ContainerSpec(Strict, frozen=True, kw_only=True):
    """Everything the create call is built from; what is not here cannot be asked for."""

    image: str  # image ID or digest, never a movable tag
    command: tuple[str, ...] = ()
    variables: dict[str, str] = {}
    secrets: dict[str, str] = {}  # variable name -> name of a secret in the claim
    ports: tuple[Port, ...] = ()
    health: Health = Health()
    limits: Limits = Limits()
    restart: Restart = Restart()
    stop_timeout: int = 10  # seconds between the stop signal and the kill


class ReplicaSpec(Strict, frozen=True, kw_only=True):
    """One wanted copy on this host."""

    replica: str
    index: int
    log: str
    desired: Literal["running", "stopped"] = "running"


class PullFrom(Strict, frozen=True, kw_only=True):
    """Where an image is fetched from where it is not held: registry/repository@digest."""

    reference: str
    login: Login | None = None


class ConvergeService(Strict, frozen=True, kw_only=True, tag_field="kind", tag="converge_service"):
    """The whole desired state of one service in one environment on this host.

    Carried out twice it is done once. `replicas` empty means: nothing of this service shall run here. `restart` names
    replicas whose container is to be restarted once (once per job, however often the job is taken up).
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
    start_first: bool = True  # False where a fixed host port forbids two copies at once
    pull: tuple[PullFrom, ...] = ()  # tried in this order where the host does not hold `spec.image`
    name: str = ""  # under which the host keeps what it pulled


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


ImageOrder = BuildImage | PullImage | CommitContainer  # what ends in an image that is a build
OnImage = PushImage | ForgetImages | ExportImage  # what is done with one
Order = ImageOrder | OnImage | DiffContainer | ConvergeService
