"""What was admitted, on disk: one file per site, changed by one process at a time, whole or not at all."""

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from runtime.edge.base import Place
from runtime.edge.caddy_config import Folder
from runtime.edge.state import Known
from runtime.redaction import Secret

SOCKET_PATH_LIMIT = 107  # bytes that the kernel allows
LONGEST_SOCKET_NAME = len("/admin.sock")


def folder_in(home: Path) -> Folder:
    """The folder of the edge below a worker's home; made where it is not there. Only its owner looks into it."""
    folder = Folder(home=home / "edge", sockets=_short(home / "edge"))
    for path in (folder.home, folder.sites, folder.certificates, folder.data, folder.sockets):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.chmod(0o700)
    if folder.sockets.stat().st_uid != os.getuid() or folder.sockets.is_symlink():
        raise PermissionError(f"{folder.sockets} belongs to somebody else")
    return folder


class SiteFiles:
    """The sites of one host."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder

    @contextmanager
    def alone(self) -> Iterator[None]:
        """No other process or thread changes anything inside."""
        with (self._folder.home / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def read(self, place: Place) -> Known:
        """What is known of the place; of one that is not there, nothing."""
        try:
            return msgspec.json.decode(self._path(place).read_bytes(), type=Known)
        except (FileNotFoundError, msgspec.MsgspecError):
            # A file that cannot be read is as none: the next order says everything anew.
            return Known()

    def all(self) -> dict[Place, Known]:
        """Every site."""
        names = [path.stem.split(".") for path in self._folder.sites.glob("*.json")]
        places = [Place(*parts) for parts in names if len(parts) == len(("service", "environment"))]
        return {place: self.read(place) for place in places}

    def write(self, place: Place, known: Known) -> None:
        """Keep it; a site that is none is forgotten."""
        if known.now is None:
            self._path(place).unlink(missing_ok=True)
        else:
            _replace(self._path(place), msgspec.json.encode(known))

    def keep_certificates(self, given: Mapping[str, Secret]) -> None:
        """Readable for their owner only, before a site names them."""
        for certificate, pem in given.items():
            path = self._folder.certificates / file_name(certificate, pem)
            if not path.exists():
                _replace(path, pem.reveal().encode())

    def drop_unused_certificates(self) -> None:
        """Those that no site names any more."""
        faces = [face for known in self.all().values() for face in (known.now, known.settled) if face is not None]
        used = {name for face in faces for name in face.files.values()}
        for path in self._folder.certificates.glob("*.pem"):
            if path.name not in used:
                path.unlink(missing_ok=True)

    def _path(self, place: Place) -> Path:
        if not (place.service.isalnum() and place.environment.isalnum()):
            raise ValueError(f"no ids: {place}")
        return self._folder.sites / f"{place.service}.{place.environment}.json"


def file_name(certificate: str, pem: Secret) -> str:
    """Another content has another name, so that the proxy is told of it."""
    return f"{certificate}-{hashlib.sha256(pem.reveal().encode()).hexdigest()[:16]}.pem"


def _replace(path: Path, content: bytes) -> None:
    new = path.with_suffix(f".{os.getpid()}.new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    new.replace(path)


def _short(wanted: Path) -> Path:
    if len(os.fsencode(wanted)) + LONGEST_SOCKET_NAME <= SOCKET_PATH_LIMIT:
        return wanted
    digest = hashlib.sha256(os.fsencode(wanted)).hexdigest()[:12]
    return Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()) / f"slipway-edge-{digest}"
