"""`?wait=60`: hold an answer until something is over, so that programs need not ask again and again."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from rest_framework.request import Request

from webapp.problems import Invalid

PARAMETER = "wait"
MAX_SECONDS = 60
MAX_WAITERS = 40  # in this process; further ones are answered at once
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 0.5

Row = TypeVar("Row")

_places = threading.BoundedSemaphore(MAX_WAITERS)


def seconds_of(request: Request) -> int:
    """How long this request wants to wait; 0 when it does not say."""
    text = request.query_params.get(PARAMETER)
    if text is None:
        return 0
    if not (text.isascii() and text.isdecimal() and len(text) <= 3 and int(text) <= MAX_SECONDS):
        raise Invalid({PARAMETER: [f"Whole seconds from 0 to {MAX_SECONDS}."]})
    return int(text)


def until_terminal(*, load: Callable[[], Row], is_terminal: Callable[[Row], bool], seconds: float) -> Row:
    """What `load` gives once it is terminal, or after `seconds`, or at once when too many wait already."""
    deadline = time.monotonic() + min(seconds, MAX_SECONDS)
    row = load()
    if is_terminal(row) or seconds <= 0 or not _places.acquire(blocking=False):
        return row
    pause = FIRST_PAUSE_SECONDS
    try:
        while not is_terminal(row) and time.monotonic() < deadline:
            time.sleep(max(0.0, min(pause, deadline - time.monotonic())))
            pause = min(pause * 1.5, LONGEST_PAUSE_SECONDS)
            row = load()
        return row
    finally:
        _places.release()
