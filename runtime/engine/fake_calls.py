"""How calls reach the fake engine: remembered, and in the hands of fate."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from runtime.engine.errors import EngineError, EngineUnavailable


@dataclass(slots=True, kw_only=True)
class Trouble:
    """The next `times` calls of `call` raise `error`; `after` the work was done: the answer is
    lost.
    """

    call: str
    error: EngineError
    times: int = 1
    after: bool = False


class FakeCalls:
    """What every part of the fake engine stands on."""

    def __init__(self) -> None:
        self.unavailable = False
        self.trouble: list[Trouble] = []
        self.calls: list[tuple[str, str]] = []  # (verb, container's name or image), in order
        self.before_call: Callable[[str], None] | None = None  # may raise whatever ends a worker
        self.changed = threading.Condition()

    def _named(self, subject: str) -> str:
        """How a subject is remembered."""
        return subject

    @contextmanager
    def _call(self, verb: str, subject: str) -> Iterator[None]:
        with self.changed:
            if self.unavailable:
                raise EngineUnavailable("the engine cannot be reached")
            if self.before_call is not None:
                self.before_call(verb)
            self.calls.append((verb, self._named(subject)))
            trouble = next((one for one in self.trouble if one.call == verb and one.times), None)
            if trouble is not None:
                trouble.times -= 1
                if not trouble.after:
                    raise trouble.error
            yield
            if trouble is not None:
                raise trouble.error
