"""`?wait=60`: hold an answer until something is over, so that programs need not ask again and again.

A change made in this process is seen at once (`wake`), one made in another by looking now and then.
"""

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
_changed = threading.Condition()
_changes = 0


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
    seen = _changes
    row = load()
    if is_terminal(row) or seconds <= 0 or not _places.acquire(blocking=False):
        return row
    pause = FIRST_PAUSE_SECONDS
    try:
        while not is_terminal(row) and time.monotonic() < deadline:
            _until_changed(since=seen, seconds=min(pause, deadline - time.monotonic()))
            pause = min(pause * 1.5, LONGEST_PAUSE_SECONDS)
            seen = _changes
            row = load()
        return row
    finally:
        _places.release()


def wake() -> None:
    """Something has changed: whoever waits here looks now."""
    global _changes
    with _changed:
        _changes += 1
        _changed.notify_all()


def _until_changed(*, since: int, seconds: float) -> None:
    with _changed:
        _changed.wait_for(lambda: _changes != since, timeout=max(0.0, seconds))
