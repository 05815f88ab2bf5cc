"""Waiting for something to become true, with a bound."""

import time
from collections.abc import Callable
from typing import Any


def wait_for(what: str, ask: Callable[[], Any], *, seconds: float = 30.0, every: float = 0.1) -> Any:
    """The first answer that counts as true; fails with `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        answer = ask()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what}")
        time.sleep(every)
