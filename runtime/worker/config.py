"""What a worker host is told, from its environment and what enrolling wrote, checked before anything starts."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from runtime.contract.names import SLUG
from runtime.edge.caddy_config import Doors
from runtime.redaction import Secret
from runtime.worker.identity import Identity, NoKey, read_identity
from runtime.worker.keeping import KEY, Unreadable, kept_settings

DEFAULT_PUBLISH_ADDRESS = "127.0.0.1"
DEFAULT_CONCURRENCY = 6
MAX_CONCURRENCY = 64
DEFAULT_BUILD_CACHE_MB = 20 * 1024
MAX_BUILD_CACHE_MB = 100 * 1024 * 1024
MIB = 1024 * 1024
MAX_CREDENTIAL_BYTES = 4096
HIGHEST_PORT = 65535
AUTHORITIES = "SSL_CERT_FILE"


class Misconfigured(Exception):
    """A sentence that says which setting to change, and how."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Printing it gives no credential away."""

    url: str  # the control plane's, without a slash at its end
    host: str
    credential: Secret
    broker: Secret  # a Redis URL, which may hold a password
    engine: str | None  # None: the default socket
    home: Path
    identity: Identity | None = None  # None: a host that has no key of its own
    publish_address: str = DEFAULT_PUBLISH_ADDRESS
    concurrency: int = DEFAULT_CONCURRENCY
    private_hosts: tuple[str, ...] = ()  # that sources may be fetched from
    secrets_folder: str = ""  # in memory, for secrets that containers read as files; empty: where the system keeps such
    known_hosts: Path | None = None  # keys of SSH servers that every source may trust
    build_cache: int = DEFAULT_BUILD_CACHE_MB * MIB  # bytes that the builder may keep; 0: it is not touched
    doors: Doors | None = None  # of the edge; None: it is off
    authorities: str = ""  # a file with the authorities that TLS trusts; empty: the system's
    fault: str = ""  # for tests alone: "kill:<step>" ends the worker with -9 when that step begins

    @property
    def spool(self) -> Path:
        return self.home / "spool.sqlite3"

    @property
    def jobs(self) -> Path:
        return self.home / "jobs"

    @property
    def masks(self) -> Path:
        return self.home / "masks"


def read_config(environment: Mapping[str, str]) -> Config:
    """Raises Misconfigured. Makes SLIPWAY_WORKER_HOME, which only its owner may look into; the environment goes before
    the settings that lie there.
    """
    home = _home(Path(_needed(environment, "SLIPWAY_WORKER_HOME")))
    environment = {**_kept(home), **environment}
    return Config(
        url=_url(_needed(environment, "SLIPWAY_URL")),
        host=_host(_needed(environment, "SLIPWAY_HOST_NAME")),
        credential=_credential(Path(_needed(environment, "SLIPWAY_HOST_CREDENTIAL_FILE"))),
        broker=_broker(_needed(environment, "REDIS_URL")),
        engine=_engine(environment.get("DOCKER_HOST", "")),
        home=home,
        identity=_identity(home),
        publish_address=_address(environment.get("SLIPWAY_PUBLISH_ADDRESS") or DEFAULT_PUBLISH_ADDRESS),
        concurrency=_concurrency(environment.get("SLIPWAY_CONCURRENCY") or str(DEFAULT_CONCURRENCY)),
        build_cache=_build_cache(environment.get("SLIPWAY_BUILD_CACHE_MB") or str(DEFAULT_BUILD_CACHE_MB)),
        private_hosts=_names(environment.get("SLIPWAY_GIT_PRIVATE_HOSTS", "")),
        secrets_folder=environment.get("SLIPWAY_SECRETS_FOLDER", "").strip(),
        known_hosts=_known_hosts(environment.get("SLIPWAY_SSH_KNOWN_HOSTS", "")),
        doors=_doors(environment),
        authorities=environment.get(AUTHORITIES, ""),
        fault=environment.get("SLIPWAY_FAULT", ""),
    )


def _kept(home: Path) -> dict[str, str]:
    try:
        return kept_settings(home)
    except Unreadable as error:
        raise Misconfigured(str(error)) from error


def _identity(home: Path) -> Identity | None:
    try:
        return read_identity(home / KEY)
    except NoKey as error:
        raise Misconfigured(str(error)) from error


def _needed(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "").strip()
    if not value:
        raise Misconfigured(f"{name} is not set.")
    return value


def _url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Misconfigured("SLIPWAY_URL must be the control plane's address, like https://slipway.example.com.")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise Misconfigured("SLIPWAY_URL must hold no user, password, query or fragment.")
    return value.rstrip("/")


def _host(value: str) -> str:
    if not SLUG.fullmatch(value):
        raise Misconfigured(
            "SLIPWAY_HOST_NAME must be the name under which this host was enrolled: lower-case letters, digits and "
            "hyphens, at most 40."
        )
    return value


def _credential(path: Path) -> Secret:
    try:
        with path.open("rb") as file:
            value = file.read(MAX_CREDENTIAL_BYTES).decode("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(f"SLIPWAY_HOST_CREDENTIAL_FILE: {path} cannot be read ({type(error).__name__}).") from error
    if not value or any(character.isspace() for character in value):
        raise Misconfigured(f"SLIPWAY_HOST_CREDENTIAL_FILE: {path} does not hold one credential.")
    return Secret(value)


def _broker(value: str) -> Secret:
    if urlsplit(value).scheme not in ("redis", "rediss", "unix"):
        raise Misconfigured("REDIS_URL must begin with redis://, rediss:// or unix://.")
    return Secret(value)


def _engine(value: str) -> str | None:
    if value and urlsplit(value).scheme not in ("unix", "tcp"):
        raise Misconfigured("DOCKER_HOST must begin with unix:// or tcp://.")
    return value or None


def _home(path: Path) -> Path:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.chmod(0o700)
    except OSError as error:
        raise Misconfigured(f"SLIPWAY_WORKER_HOME: {path} cannot be used: {error.strerror}.") from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise Misconfigured(f"SLIPWAY_WORKER_HOME: {path} cannot be written to.")
    return path.absolute()


def _address(value: str) -> str:
    try:
        return str(ip_address(value))
    except ValueError as error:
        raise Misconfigured(
            "SLIPWAY_PUBLISH_ADDRESS and SLIPWAY_EDGE_ADDRESS must be an IP address of this host, or 0.0.0.0."
        ) from error


def _names(value: str) -> tuple[str, ...]:
    return tuple(name.strip().lower() for name in value.split(",") if name.strip())


def _known_hosts(value: str) -> Path | None:
    if not value:
        return None
    path = Path(value)
    if not path.is_absolute() or not os.access(path, os.R_OK) or not path.is_file():
        raise Misconfigured(f"SLIPWAY_SSH_KNOWN_HOSTS: {value} is not the absolute path of a file that can be read.")
    return path


def _doors(environment: Mapping[str, str]) -> Doors | None:
    """Two ports, of HTTP and HTTPS, such as 80,443; or `off`."""
    told = environment.get("SLIPWAY_EDGE", "") or "off"
    if told == "off":
        return None
    ports = told.split(",")
    if len(ports) != len(("http", "https")) or not all(_is_port(port) for port in ports) or ports[0] == ports[1]:
        raise Misconfigured("SLIPWAY_EDGE must be off, or two ports for HTTP and HTTPS, such as 80,443.")
    published = environment.get("SLIPWAY_PUBLISH_ADDRESS") or DEFAULT_PUBLISH_ADDRESS
    return Doors(
        address=_address(environment.get("SLIPWAY_EDGE_ADDRESS") or published),
        http=int(ports[0]),
        https=int(ports[1]),
        acme_directory=environment.get("SLIPWAY_EDGE_ACME_DIRECTORY", ""),
        acme_email=environment.get("SLIPWAY_EDGE_ACME_EMAIL", ""),
    )


def _is_port(text: str) -> bool:
    return text.isdecimal() and 1 <= int(text) <= HIGHEST_PORT


def _build_cache(value: str) -> int:
    if not value.isdecimal() or int(value) > MAX_BUILD_CACHE_MB:
        raise Misconfigured(
            f"SLIPWAY_BUILD_CACHE_MB must be a number of MiB up to {MAX_BUILD_CACHE_MB}; 0 leaves the cache alone."
        )
    return int(value) * MIB


def _concurrency(value: str) -> int:
    if not value.isdecimal() or not 1 <= int(value) <= MAX_CONCURRENCY:
        raise Misconfigured(f"SLIPWAY_CONCURRENCY must be a number from 1 to {MAX_CONCURRENCY}.")
    return int(value)
