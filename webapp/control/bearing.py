"""How the parts of the control loops fare: counted in the process that leads, kept where every process can read it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F

from webapp.control.models import PartRun


@dataclass
class Tally:
    """What a part did since it was kept last."""

    runs: int = 0
    done: int = 0
    failures: int = 0
    seconds: float = 0.0
    longest: float = 0.0

    def add(self, done: int | None, seconds: float) -> None:
        """One run; `done` None: it failed."""
        self.runs += 1
        self.done += done or 0
        self.failures += done is None
        self.seconds += seconds
        self.longest = max(self.longest, seconds)


def keep(*, loop: str, tallies: Mapping[str, Tally], now: datetime) -> None:
    """Add these counts to what is kept."""
    for part, tally in tallies.items():
        PartRun.objects.get_or_create(part=part, defaults={"loop": loop, "ran_at": now})
        PartRun.objects.filter(part=part).update(
            loop=loop,
            ran_at=now,
            longest=tally.longest,
            runs=F("runs") + tally.runs,
            done=F("done") + tally.done,
            failures=F("failures") + tally.failures,
            seconds=F("seconds") + tally.seconds,
        )
