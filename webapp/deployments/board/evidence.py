"""What is looked at before a yes: what changes, how the build went, how the digest fared one environment before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from webapp.deployments.comparing import Change, changes
from webapp.deployments.models import Deployment, DesiredState, Replica
from webapp.deployments.planning.gathering import desired_of
from webapp.environments.models import Environment
from webapp.images.models import Build
from webapp.jobs.models import JobStep
from webapp.logs import reader
from webapp.problems import Refusal

LAST_LINES = 12
MOST_STEPS = 60
MOST_DEPLOYMENTS = 5
MOST_REPLICAS = 100


@dataclass(frozen=True)
class BuildStory:
    """Its steps, and the last lines of its log; none where the log cannot be read now."""

    build: Build
    steps: Sequence[JobStep]
    lines: Sequence[str]


@dataclass(frozen=True)
class Fared:
    """The digest in the environment directly before: whether it runs there and how, and its last deployments there."""

    environment: Environment
    since: datetime | None  # None: it does not run there now
    replicas: Sequence[Replica]
    deployments: Sequence[Deployment]

    @property
    def healthy(self) -> int:
        return sum(copy.state == "healthy" for copy in self.replicas)

    @property
    def restarts(self) -> int:
        return sum(copy.restarts for copy in self.replicas)


@dataclass(frozen=True)
class Evidence:
    """`changes` None: nothing runs there now; `before` None: this is the first environment."""

    changes: list[Change] | None
    build: BuildStory
    before: Fared | None


def evidence(deployment: Deployment) -> Evidence:
    """For a deployment that waits: against what runs now. For any other: against what ran before it."""
    now = desired_of(deployment.service, deployment.environment)
    against = deployment.previous
    if deployment.state == "awaiting_approval":
        against = now.release if now is not None else None
    return Evidence(
        changes=changes(against, deployment.release) if against is not None else None,
        build=_story(deployment.release.build),
        before=_fared(deployment),
    )


def _story(build: Build) -> BuildStory:
    steps = JobStep.objects.filter(job=build.job_id, attempt=build.job.attempt)
    return BuildStory(build=build, steps=list(steps[:MOST_STEPS]), lines=_last_lines(build))


def _last_lines(build: Build) -> list[str]:
    """From where the archive is known to go: the log of a build that is over is there as a whole."""
    after = max(build.log.archived_to - LAST_LINES, 0)
    try:
        page = reader.read(log=build.log, after=after, limit=reader.MAX_LINES)
    except Refusal:
        return []
    return [row[3] for row in page.rows[-LAST_LINES:]]


def _fared(deployment: Deployment) -> Fared | None:
    earlier = Environment.objects.filter(
        project=deployment.environment.project_id, rank__lt=deployment.environment.rank
    )
    before = earlier.order_by("-rank").first()
    if before is None:
        return None
    here = {"service": deployment.service_id, "environment": before.id}
    same = {"release__config_digest": deployment.release.config_digest}
    runs = DesiredState.objects.filter(**here, **same, replicas__gt=0).first()
    copies = Replica.objects.wanted().filter(**here, **same).select_related("host").order_by("index")
    done = Deployment.objects.filter(**here, **same).select_related("release")
    return Fared(
        environment=before,
        since=_since(deployment, before) if runs is not None else None,
        replicas=list(copies[:MOST_REPLICAS]),
        deployments=list(done[:MOST_DEPLOYMENTS]),
    )


def _since(deployment: Deployment, before: Environment) -> datetime | None:
    """When the digest that runs there began to, whatever scaled or restarted it since."""
    done = Deployment.objects.filter(service=deployment.service_id, environment=before, state="succeeded")
    other = done.exclude(release__config_digest=deployment.release.config_digest).order_by("-finished_at").first()
    same = done.filter(release__config_digest=deployment.release.config_digest)
    if other is not None:
        same = same.filter(finished_at__gt=other.finished_at)
    first = same.order_by("finished_at").first()
    return first.finished_at if first is not None else None
