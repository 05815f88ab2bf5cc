"""The steps of a build that is over, with those folded that only came from the cache. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from webapp.jobs.models import JobStep

FEWEST = 3  # cached ones in a row that are worth folding


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Steps one after the other; `start` counts the first of them from 1."""

    steps: tuple[JobStep, ...]
    start: int
    folded: bool = False


def stretches(steps: Sequence[JobStep]) -> list[Stretch]:
    """All of them, in order; a step that is to be seen is in no folded stretch."""
    found: list[Stretch] = []
    for cached, group in groupby(steps, key=lambda step: step.cached and step.state == "succeeded"):
        run = tuple(group)
        start = found[-1].start + len(found[-1].steps) if found else 1
        folded = cached and len(run) >= FEWEST
        if found and not folded and not found[-1].folded:
            found[-1] = Stretch(steps=(*found[-1].steps, *run), start=found[-1].start)
        else:
            found.append(Stretch(steps=run, start=start, folded=folded))
    return found
