"""What made a build slower than the one before, step by step, the greatest first. Pure."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

SMALLEST = 0.3  # seconds; less is chance
MOST = 8
WAITED = "waiting in the queue"

# [2/5] RUN x and [final 2/5] RUN x: the place changes with every instruction that is put before it.
_PLACE = re.compile(r"^\[(?:(\S+) +)?\d+/\d+\] +")

Kind = Literal["new", "slower", "not cached", "queue"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """A step that ended, as the host reported it."""

    name: str
    seconds: float
    cached: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How one build went. `waited`: seconds before a host took it; `took`: seconds from then to its end."""

    steps: Sequence[Timed]
    waited: float
    took: float

    @property
    def whole(self) -> float:
        return self.waited + self.took


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """`seconds` more than before. Steps may run beside one another: causes need not add up to the difference."""

    name: str
    kind: Kind
    seconds: float


def causes(now: Run, before: Run) -> list[Cause]:
    """The greatest first, at most `MOST`; none where nothing took notably longer."""
    found = [cause for cause in _all(now, before) if cause.seconds >= SMALLEST]
    return sorted(found, key=lambda cause: (-cause.seconds, cause.name))[:MOST]


def _all(now: Run, before: Run) -> Iterator[Cause]:
    yield Cause(name=WAITED, kind="queue", seconds=now.waited - before.waited)
    earlier = _by_name(before.steps)
    for key, step in _by_name(now.steps).items():
        former = earlier.get(key)
        if former is None:
            yield Cause(name=step.name, kind="new", seconds=step.seconds)
        elif former.cached and not step.cached:
            yield Cause(name=step.name, kind="not cached", seconds=step.seconds - former.seconds)
        else:
            yield Cause(name=step.name, kind="slower", seconds=step.seconds - former.seconds)


def _by_name(steps: Iterable[Timed]) -> Mapping[tuple[str, int], Timed]:
    """By what they do, and which of those with the same words they are; not by their place."""
    seen: Counter[str] = Counter()
    found = {}
    for step in steps:
        name = _PLACE.sub(lambda place: f"[{place[1]}] " if place[1] else "", step.name)
        found[name, seen[name]] = step
        seen[name] += 1
    return found
