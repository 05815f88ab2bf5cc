"""Names both planes must spell alike: labels, queues, tasks, headers, limits of text.

Every pattern here is anchored by `fullmatch`; a name that passes is safe as a container name part, a label value, a
queue name and one path segment, and is always handed on as a list element, never inside a shell string.
"""

import re

LABEL_INSTANCE = "slipway.instance"  # which Slipway made it: several may share an engine
LABEL_PROJECT = "slipway.project"
LABEL_SERVICE = "slipway.service"
LABEL_ENVIRONMENT = "slipway.environment"
LABEL_RELEASE = "slipway.release"
LABEL_GENERATION = "slipway.generation"
LABEL_REPLICA = "slipway.replica"  # the replica's id
LABEL_INDEX = "slipway.index"
LABEL_LOG = "slipway.log"
LABEL_BUILD = "slipway.build"
LABEL_REF = "slipway.ref"  # of an image: the branch or tag that led there, as refs/heads/… or refs/tags/…
LABEL_JOB = "slipway.job"
LABEL_HEALTH = "slipway.health"  # what the agent asks of it while it runs (container.Health as JSON); no secret in it
LABEL_VOLUME = "slipway.volume"  # of a volume: its id
LABEL_SPEC = "slipway.spec"  # hash of the container's specification, so that a relist can tell old from new

# What images say of themselves, for every tool to read (the OCI's annotations as labels).
OCI_TITLE = "org.opencontainers.image.title"
OCI_VERSION = "org.opencontainers.image.version"
OCI_SOURCE = "org.opencontainers.image.source"
OCI_REVISION = "org.opencontainers.image.revision"
OCI_CREATED = "org.opencontainers.image.created"

DOORBELL_TASK = "slipway.ring"

HEADER_JOB_TOKEN = "Slipway-Job-Token"
HEADER_CONTRACT = "Slipway-Contract"

SLUG = re.compile(r"[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?")
ID = re.compile(r"[0-9a-hjkmnp-tv-z]{26}")
ENVIRONMENT_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
CONTAINER = re.compile(r"[0-9a-f]{64}")  # full ID
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
GIT_REF = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,198}[A-Za-z0-9_])?")
GIT_COMMIT = re.compile(r"[0-9a-f]{40}")
SECRET_MOUNT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")  # id=… of RUN --mount=type=secret

BASE_IMAGE = "slipway/busybox:1"  # the host makes it when a Dockerfile asks for it and the engine lacks it

RESERVED_ENVIRONMENT_KEYS = frozenset(
    {"PATH", "LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT", "DOCKER_HOST", "BASH_ENV", "ENV", "IFS"}
)


LOCAL_NAMES = "slipway/"  # every name that Slipway gives an image on a host begins so


def host_queue(host: str) -> str:
    """The Celery queue on which host `host` hears its doorbell. `host` must be a slug."""
    if not SLUG.fullmatch(host):
        raise ValueError(f"not a host name: {host!r}")
    return f"slipway.host.{host}"


def container_name(*, service: str, environment: str, replica: str, generation: int) -> str:
    """The engine's name for a replica's container; its uniqueness in the engine refuses a second one."""
    return f"slipway-{service}-{environment}-g{generation}-{replica[-10:]}"


def volume_name(*, name: str, volume: str) -> str:
    """The engine's name for a volume; its id is in it, so that two never share one, whoever chose the name."""
    return f"slipway-{name}-{volume}"


def image_tag(*, project: str, image: str, build: str, number: int) -> str:
    """The local tag that keeps a build's image from being collected. Identity stays the digest."""
    return f"{LOCAL_NAMES}{project}/{image}:{number}-{build[-8:]}"


def is_safe_git_ref(ref: str) -> bool:
    """True for a plain branch or tag name: no option, no `..`, no `@{`, no empty or hidden segment."""
    if not GIT_REF.fullmatch(ref) or ".." in ref or "//" in ref or ref.endswith(".lock"):
        return False
    return not any(part.startswith((".", "-")) for part in ref.split("/"))
