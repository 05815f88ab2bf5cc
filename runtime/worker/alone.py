"""One process of a kind per SLIPWAY_WORKER_HOME: two would write to the same spool."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from runtime.worker.config import Misconfigured


@contextmanager
def alone(home: Path, name: str) -> Iterator[None]:
    """Holds a lock that ends with the process, however that ends. Raises Misconfigured when somebody else has it."""
    lock = os.open(home / f"{name}.lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise Misconfigured(f"another {name} works in {home}; give each its own SLIPWAY_WORKER_HOME.") from error
    finally:
        os.close(lock)
