"""What a container is asked to be: all that the create call is built from, and nothing else."""

from typing import Literal

from runtime.contract.isolation import Isolation
from runtime.contract.message import Strict

SECRETS_FOLDER = "/run/secrets"  # in the container


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
    """Ceilings of one container: bytes of memory (swap is none), CPUs as a fraction, number of processes.

    Of the others None is no ceiling of ours: open files of one process, bytes a second from and to the disk that the
    engine keeps its data on, and the weight (10-1000) among others who want that disk.
    """

    memory: int = 512 * 1024 * 1024
    cpus: float = 1.0
    pids: int = 256
    nofile: int | None = None
    io_weight: int | None = None
    read_bps: int | None = None
    write_bps: int | None = None


class Restart(Strict, frozen=True, kw_only=True):
    """The engine's own restart policy for a container that exits by itself."""

    policy: Literal["no", "on-failure", "unless-stopped"] = "unless-stopped"
    retries: int = 3  # with on-failure only


class VolumeMount(Strict, frozen=True, kw_only=True):
    """A named volume at a path of the container. Which volume of the host that is, each replica says."""

    name: str
    path: str
    read_only: bool = False


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
    isolation: Isolation | None = None  # None: what the engine itself gives a container (`isolation.ENGINES_OWN`)
    secret_files: dict[str, str] = {}  # file below SECRETS_FOLDER -> name of a secret in the claim
    volumes: tuple[VolumeMount, ...] = ()
