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
        self._quiet = False

    @contextmanager
    def turn(self, subject: str, *, meanwhile: Callable[[], None]) -> Iterator[None]:
        """Waits until nobody else works on `subject`. `meanwhile` is called while waiting, and may raise."""
        with self._changed:
            while subject in self._taken or self._quiet:
                meanwhile()
                self._changed.wait(LOOK_SECONDS)
            self._taken.add(subject)
        try:
            yield
        finally:
            with self._changed:
                self._taken.discard(subject)
                self._changed.notify_all()

    @contextmanager
    def quiet(self, subject: str, *, meanwhile: Callable[[], None]) -> Iterator[None]:
        """Who works on `subject` waits until it is the only one that works, and nobody begins meanwhile. Keep it short.

        `meanwhile` is called while waiting, and may raise.
        """
        with self._changed:
            while self._taken - {subject}:
                meanwhile()
                self._changed.wait(LOOK_SECONDS)
            self._quiet = True
        try:
            yield
        finally:
            with self._changed:
                self._quiet = False
                self._changed.notify_all()
