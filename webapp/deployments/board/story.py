"""The story of a deployment: what each host was asked for, how far each replica came, where it turned, the way back."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from webapp.deployments.models import Deployment, DeploymentJob
from webapp.hosts.models import Host
from webapp.jobs.models import Job, JobStep

BACK = "back"  # the phase of a host's way back; the others are those of a plan's step
TURNS = ("failed", "cancelled")
_REPLICA = re.compile(r"\breplica (\d+)\b")  # as the procedure of the host names its steps


@dataclass(frozen=True)
class Part:
    """One replica within a chapter: how its last step went, since when, and until when."""

    index: int
    state: str
    words: str
    started_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True)
class Chapter:
    """One host's step: planned, or on the way back. `turned`: here it did not go on."""

    host: str
    name: str
    words: str
    phase: str
    job: Job | None = None
    steps: tuple[JobStep, ...] = ()
    turned: bool = False

    def replicas(self) -> list[Part]:
        """Each replica that it is about, in the order of their index."""
        found: dict[int, Part] = {}
        for step in self.steps:
            index = replica_of(step)
            if index is not None:
                before = found.get(index)
                began = before.started_at if before is not None else step.started_at
                found[index] = Part(index, step.state, step.name, began, step.finished_at)
        return [found[index] for index in sorted(found)]


def story(deployment: Deployment) -> list[Chapter]:
    """Its chapters: those of the plan in their order, then those of the way back. Two queries."""
    links = list(deployment.host_jobs.select_related("job__host").order_by("position"))
    steps: dict[str, list[JobStep]] = {}
    for step in JobStep.objects.filter(job__in=[link.job_id for link in links]).order_by("attempt", "number"):
        steps.setdefault(step.job_id, []).append(step)
    return list(_chapters(deployment, links, steps))


def turning_point(chapters: Sequence[Chapter]) -> Chapter | None:
    """Where it did not go on; None where all went well so far."""
    return next((chapter for chapter in chapters if chapter.turned), None)


def phase_of(deployment: Deployment, position: int) -> str:
    """How far the host at this position was to go: stopped, proved, done; or back."""
    planned = deployment.plan.get("steps", [])
    return str(planned[position].get("until", "done")) if position < len(planned) else BACK


def replica_of(step: JobStep) -> int | None:
    """The index of the replica that this step is about; None for what is about all of them."""
    found = _REPLICA.search(step.name)
    return int(found[1]) if found else None


def _chapters(
    deployment: Deployment, links: Sequence[DeploymentJob], steps: dict[str, list[JobStep]]
) -> Iterator[Chapter]:
    by_position = {link.position: link.job for link in links}
    planned = deployment.plan.get("steps", [])
    for position, step in enumerate(planned):
        job = by_position.get(position)
        yield Chapter(
            host=step["host"],
            name=step["name"],
            words=step["words"],
            phase=phase_of(deployment, position),
            job=job,
            steps=_last_attempt(job, steps),
            turned=job is not None and job.state in TURNS,
        )
    for position in sorted(position for position in by_position if position >= len(planned)):
        job = by_position[position]
        yield Chapter(
            host=job.host_id,
            name=job.host.name,
            words=_back(deployment, job.host),
            phase=BACK,
            job=job,
            steps=_last_attempt(job, steps),
        )


def _back(deployment: Deployment, host: Host) -> str:
    before = deployment.previous
    return f"{host.name}: back to what ran before" + (f", release {before.number}" if before is not None else "")


def _last_attempt(job: Job | None, steps: dict[str, list[JobStep]]) -> tuple[JobStep, ...]:
    if job is None:
        return ()
    return tuple(step for step in steps.get(job.id, []) if step.attempt == job.attempt)
