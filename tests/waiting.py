"""Waiting for something that happens elsewhere, with an end."""

import time
from collections.abc import Callable

PAUSE = 0.05


def until(holds: Callable[[], bool], *, seconds: float = 20.0) -> None:
    """Returns when `holds()` is true; fails the test when that takes too long."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"still not so after {seconds} s"
        time.sleep(PAUSE)
