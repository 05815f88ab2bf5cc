"""Slipway's own registry lets go of manifests, each by its exact digest, in its own time: it may be away for a while.

What was to be erased and is counted on again by then stays. The bytes go when the registry collects what no manifest
names any more.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings

from webapp.problems import Refusal
from webapp.registries import client
from webapp.registries.models import Erasure, Registry
from webapp.registries.services import place_of
from webapp.teams.models import Project

A_ROUND = 50
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=6)
TOLD_FOR = timedelta(days=30)

Stands = Callable[[str, str], bool | None]
Lost = Callable[[str, str], object]


def ask(registry: Registry, *, project: Project, repository: str, digest: str, now: datetime) -> None:
    """Have `repository` (registry/repository) let go of this manifest. Twice is once."""
    Erasure.objects.get_or_create(
        registry=registry,
        repository=repository.removeprefix(f"{registry.address}/"),
        digest=digest,
        state="waiting",
        defaults={"project": project, "due_at": now},
    )


def run_due(*, now: datetime, stands_on: Stands, lost: Lost) -> int:
    """Erase what is due; how many are gone. `stands_on` is asked just before, `lost` told what the registry has not."""
    due = Erasure.objects.filter(state="waiting", due_at__lte=now, registry__address=settings.OWN_REGISTRY or None)
    count = 0
    for erasure in due.select_related("registry").order_by("due_at")[:A_ROUND]:
        name = f"{erasure.registry.address}/{erasure.repository}"
        counted_on = stands_on(name, erasure.digest)
        if counted_on:
            _end(erasure, state="kept", now=now)
        elif counted_on is None:
            _later(erasure, "A build is on its way to this repository.", now=now)
        elif not _erase(erasure, now=now):
            break  # the registry is away: the others wait as well
        else:
            lost(name, erasure.digest)
            count += 1
    return count


def prune(*, now: datetime) -> int:
    """Forget what was done long ago."""
    return Erasure.objects.filter(finished_at__lt=now - TOLD_FOR).delete()[0]


def _erase(erasure: Erasure, *, now: datetime) -> bool:
    try:
        client.erase(place_of(erasure.registry), erasure.repository, erasure.digest)
    except Refusal as refusal:
        _later(erasure, refusal.detail, now=now)
        return False
    _end(erasure, state="erased", now=now)
    return True


def _later(erasure: Erasure, why: str, *, now: datetime) -> None:
    pause = min(FIRST_PAUSE * 2 ** min(erasure.tries, 10), LONGEST_PAUSE)
    rows = Erasure.objects.filter(id=erasure.id, state="waiting")
    rows.update(tries=erasure.tries + 1, due_at=now + pause, problem=why[:400])


def _end(erasure: Erasure, *, state: str, now: datetime) -> None:
    Erasure.objects.filter(id=erasure.id, state="waiting").update(state=state, finished_at=now, problem="")
