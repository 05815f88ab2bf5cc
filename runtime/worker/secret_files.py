"""Secrets that containers read as files: one folder for each container, in memory, gone with the host's power.

The folders of this host lie below one that its owner alone may enter. What a container may read belongs to the
container's user; the engine shows it the one folder, to be read alone.
"""

import hashlib
import os
import shutil
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path

from runtime.contract.names import ID
from runtime.contract.reports import Problem
from runtime.procedures.ports import FileOwner, ProcedureError
from runtime.redaction import Secret

IN_MEMORY = ("tmpfs", "ramfs")
MOUNTS = Path("/proc/self/mountinfo")


class SecretFolders:
    """Below `root`; None where this host has no memory that it can keep files in."""

    def __init__(self, root: Path | None) -> None:
        self._root = root

    def write(
        self, *, service: str, environment: str, container: str, files: Mapping[str, Secret], owner: FileOwner
    ) -> Path:
        """The container's folder with these files. One that is there stays the same folder: a container may have it."""
        if self._root is None:
            raise _impossible("this host has no memory filesystem that its worker may write to")
        _own(self._root)
        folder = self._place(self._root, service, environment) / container
        folder.parent.mkdir(mode=0o700, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        try:
            os.chown(folder, owner.uid, owner.gid)
            for name, secret in files.items():
                _write(folder, name, secret, owner)
        except PermissionError as error:
            reason = f"its worker does not run as root, and cannot give a file to user {owner.uid}"
            raise _impossible(reason) from error
        for left in folder.iterdir():
            if left.name not in files:
                left.unlink()
        return folder

    def keep(self, *, service: str, environment: str, containers: Collection[str]) -> None:
        """Remove the folders of every container of the service there but these."""
        if self._root is None:
            return
        place = self._place(self._root, service, environment)
        with suppress(FileNotFoundError):
            for folder in list(place.iterdir()):
                if folder.name not in containers:
                    shutil.rmtree(folder)
            if not containers:
                place.rmdir()

    @staticmethod
    def _place(root: Path, service: str, environment: str) -> Path:
        if not ID.fullmatch(service) or not ID.fullmatch(environment):
            raise ValueError("not an id")
        return root / f"{service}-{environment}"


def memory_root(home: Path, *, asked: str = "", mounts: str | None = None) -> Path | None:
    """Where the folders of the worker at `home` lie: below `asked`, else where this system keeps files in memory."""
    mounts = MOUNTS.read_text() if mounts is None else mounts
    usual = ["/run", os.environ.get("XDG_RUNTIME_DIR", ""), "/dev/shm"]  # noqa: S108 (a folder of ours alone below it, or none)
    for place in [asked] if asked else [place for place in usual if place]:
        if _filesystem(Path(place), mounts) in IN_MEMORY and os.access(place, os.W_OK | os.X_OK):
            return Path(place) / f"slipway-{os.getuid()}-{hashlib.sha256(str(home).encode()).hexdigest()[:12]}"
    return None


def _own(root: Path) -> None:
    """It is there, a folder that is ours alone: others may have made one of its name where everybody may write."""
    root.mkdir(mode=0o700, exist_ok=True)
    found = root.lstat()
    if found.st_uid != os.getuid() or found.st_mode & 0o170777 != 0o040700:
        raise _impossible(f"{root} is not its worker's alone")


def _write(folder: Path, name: str, secret: Secret, owner: FileOwner) -> None:
    fresh = folder / f".{name}"
    fresh.unlink(missing_ok=True)
    number = os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o400)
    with open(number, "wb") as file:
        os.fchmod(number, 0o400)
        os.fchown(number, owner.uid, owner.gid)
        file.write(secret.reveal().encode())
    fresh.replace(folder / name)


def _filesystem(place: Path, mounts: str) -> str:
    """The kind of the filesystem that this folder is on; the last mount at one point is the one that is seen."""
    best, kind = -1, ""
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        point = before.split()[4].encode().decode("unicode_escape")
        if place.resolve().is_relative_to(point) and len(point) >= best:
            best, kind = len(point), after.split()[0]
    return kind


def _impossible(reason: str) -> ProcedureError:
    return ProcedureError(
        Problem(
            code="secret_files_impossible",
            whose="host",
            message=f"This host cannot give secrets as files: {reason}.",
            advice="Run the worker as root beside the engine on a system with /run in memory, set "
            "SLIPWAY_SECRETS_FOLDER to a folder on a tmpfs, or let the service read its secrets as variables.",
        )
    )
