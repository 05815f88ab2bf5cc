"""The worker's own code as one archive, from the tree that the control plane runs: what a new host is given.

The same bytes as long as the code is the same, so that the page can say their SHA-256 in the command that fetches them.
"""

import gzip
import hashlib
import io
import tarfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.conf import settings

TOP = "slipway-worker"
FILES = ("bin/worker", "constraints.txt", "runtime/requirements.txt", "LICENSE")
FOLDERS = ("launch", "runtime")  # their Python files
EXECUTABLE, PLAIN = 0o755, 0o644


@dataclass(frozen=True)
class Parcel:
    """`digest` is the SHA-256 of `content`, hex."""

    content: bytes
    digest: str


@cache
def parcel() -> Parcel:
    """Made once per process, whose own code does not change either."""
    root = Path(settings.BASE_DIR)
    names = {*FILES, *(str(path.relative_to(root)) for folder in FOLDERS for path in (root / folder).rglob("*.py"))}
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name in sorted(names):
            _add(archive, name, (root / name).read_bytes())
    content = gzip.compress(packed.getvalue(), mtime=0)
    return Parcel(content, hashlib.sha256(content).hexdigest())


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(f"{TOP}/{name}")
    entry.size, entry.mode = len(content), EXECUTABLE if name.startswith("bin/") else PLAIN
    archive.addfile(entry, io.BytesIO(content))
