"""How long to wait before trying again: twice as long each time, with jitter, never beyond a bound."""

import random

JITTER = 0.5  # a pause is between this part of its length and the whole

_dice = random.SystemRandom()  # hosts that start together do not come back together


class Backoff:
    """One row of pauses. `reset` after a success."""

    def __init__(self, *, first: float, longest: float) -> None:
        self._first = first
        self._longest = longest
        self._next = first

    def pause(self) -> float:
        """Seconds to wait now."""
        length = self._next
        self._next = min(self._next * 2, self._longest)
        return length * _dice.uniform(JITTER, 1.0)

    def reset(self) -> None:
        """The next pause is a short one again."""
        self._next = self._first
