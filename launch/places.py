"""Where things are: the work tree, and the home of everything that set-up and running make."""

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# The kernel refuses longer socket paths (108 bytes with the closing zero).
SOCKET_PATH_LIMIT = 107


@dataclass(frozen=True)
class Places:
    """All paths below one home; SLIPWAY_HOME, or var/ in the work tree."""

    home: Path
    venv: Path

    @property
    def python(self) -> Path:
        return self.venv / "bin" / "python"

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def run(self) -> Path:
        """Lock, process records: what is true only while Slipway runs."""
        return self.home / "run"

    @property
    def cache(self) -> Path:
        return self.home / "cache"

    @property
    def redis(self) -> Path:
        return self.home / "redis"

    @property
    def worker(self) -> Path:
        return self.home / "worker"

    @property
    def credential(self) -> Path:
        return self.worker / "credential"

    @property
    def database(self) -> Path:
        return self.home / "slipway.sqlite3"

    def of_tests(self) -> "Places":
        """A home of their own for the servers of a test run, beside one that may be in use."""
        return Places(home=self.home / "test", venv=self.venv)

    def make(self) -> None:
        """Create the directories; only the owner may look into them."""
        for directory in (self.home, self.logs, self.run, self.cache, self.redis, self.worker):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)


def places() -> Places:
    """The places of this start, from SLIPWAY_HOME and SLIPWAY_VENV."""
    home = Path(os.environ.get("SLIPWAY_HOME") or ROOT / "var").expanduser().resolve()
    venv = Path(os.environ.get("SLIPWAY_VENV") or home / "venv").expanduser().absolute()
    return Places(home=home, venv=venv)


def socket_path(directory: Path, name: str) -> Path:
    """A path for a unix socket: in `directory`, or a short private one where that is too long.

    Raises PermissionError when somebody else owns the short directory.
    """
    wanted = directory / name
    if len(os.fsencode(wanted)) <= SOCKET_PATH_LIMIT:
        return wanted
    digest = hashlib.sha256(os.fsencode(directory)).hexdigest()[:12]
    short = Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()) / f"slipway-{digest}"
    short.mkdir(mode=0o700, exist_ok=True)
    if short.stat().st_uid != os.getuid() or short.is_symlink():
        raise PermissionError(f"{short} belongs to somebody else")
    return short / name
