"""Orders about one thing take turns on a host: an attempt that was given up may still be on its way out."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LOOK_SECONDS = 0.2


class Turns:
    """Who works on what. Safe to use from several threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._taken: set[str] = set()

    @contextmanager
    def turn(self, subject: str, *, meanwhile: Callable[[], None]) -> Iterator[None]:
        """Waits until nobody else works on `subject`. `meanwhile` is called while waiting, and may raise."""
        with self._changed:
            while subject in self._taken:
                meanwhile()
                self._changed.wait(LOOK_SECONDS)
            self._taken.add(subject)
        try:
            yield
        finally:
            with self._changed:
                self._taken.discard(subject)
                self._changed.notify_all()
