"""Two ways of doing the same thing, by turns, so that what else the machine does hits both."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.goals import Goal


@dataclass(frozen=True)
class Figure:
    """What was found; `detail` says the absolute numbers."""

    goal: Goal
    value: float
    detail: str

    @property
    def is_met(self) -> bool:
        return self.value <= self.goal.goal


def seconds_of(act: Callable[[], object]) -> float:
    """How long it takes, by the wall."""
    begun = time.monotonic()
    act()
    return time.monotonic() - begun


def paired(goal: Goal, *, ours: Callable[[], float], plain: Callable[[], float], times: int) -> Figure:
    """The median of the ratios of pairs; `ours` and `plain` answer their seconds, and take the lead by turns."""
    ratios, mine, theirs = [], [], []
    for turn in range(times):
        first, second = (ours, plain) if turn % 2 == 0 else (plain, ours)
        one, other = first(), second()
        own, cli = (one, other) if turn % 2 == 0 else (other, one)
        ratios.append(own / cli)
        mine.append(own)
        theirs.append(cli)
    detail = f"{median(mine) * 1000:.0f} ms against {median(theirs) * 1000:.0f} ms, {times} pairs"
    return Figure(goal, median(ratios), detail)


def percentile(values: Sequence[float], part: float) -> float:
    """The value that `part` of all do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * part) - 1)]
