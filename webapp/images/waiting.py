"""Why a build waits, in sentences, and which builds have the slots that it waits for."""

from collections.abc import Sequence
from dataclasses import dataclass

from webapp.hosts.wording import why_not_ready
from webapp.images.models import Build
from webapp.images.querysets import BuildQuerySet
from webapp.jobs.services import queue_position
from webapp.jobs.services.queueing import at_work
from webapp.teams.policy import Actor


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """`position`: 1 for the next one. `behind`: builds at work there that the actor may see."""

    position: int
    reasons: tuple[str, ...]
    behind: tuple[Build, ...]


def why_waiting(build: Build, *, actor: Actor | None = None) -> Waiting | None:
    """None for a build that does not wait. Without an `actor` no other build is named."""
    position = queue_position(build.job)
    if position is None:
        return None
    host = build.job.host
    busy = list(at_work(host.id).values_list("id", flat=True))
    seen = _seen(busy, actor) if actor is not None else []
    reasons = []
    if host.state != "ready":
        reasons.append(f"Host {host.name} {why_not_ready(host.state)}")
    if host.usable_slots == 0:
        reasons.append(f"Host {host.name} has no build slot: a site admin gives it one.")
    elif len(busy) >= host.usable_slots:
        reasons.append(_taken(host.name, host.usable_slots, hidden=len(busy) - len(seen) if actor is not None else 0))
    if position > 1:
        reasons.append(_before(position - 1))
    return Waiting(position=position, reasons=tuple(reasons), behind=tuple(seen))


def _seen(jobs: Sequence[str], actor: Actor) -> list[Build]:
    builds: BuildQuerySet = Build.objects.visible_to(actor)
    return list(
        builds.filter(job__in=jobs).select_related("image").defer("layers", "definition").order_by("started_at")
    )


def _taken(name: str, slots: int, *, hidden: int) -> str:
    of = f" ({hidden} by builds of projects that are not yours)" if hidden else ""
    which = "The one build slot" if slots == 1 else f"All {slots} build slots"
    return f"{which} of host {name} {'is' if slots == 1 else 'are'} taken{of}."


def _before(count: int) -> str:
    return "1 build of its queue comes before it." if count == 1 else f"{count} builds of its queue come before it."
