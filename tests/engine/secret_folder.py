"""A folder in memory, as a host has one for its containers' secrets."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

IN_MEMORY = "/dev/shm"


@contextmanager
def memory_folder() -> Iterator[Path]:
    """Gone with all that is in it when the block ends."""
    folder = Path(tempfile.mkdtemp(prefix="slipway-test-", dir=IN_MEMORY))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
