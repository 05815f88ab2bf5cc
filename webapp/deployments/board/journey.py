"""How far each digest of a service has travelled from environment to environment, and what lies between neighbours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, Max

from webapp.deployments.comparing import Change, changes
from webapp.deployments.models import Deployment, DesiredState, Release, Service
from webapp.deployments.planning.gathering import RUNS_A_RELEASE
from webapp.environments.models import Environment
from webapp.images.insight.comparing import commits_between
from webapp.teams.models import Project

MOST_DIGESTS = 5  # of one service
RECENT_BUILDS = 50  # of one image, among which they are looked for

Named = tuple[int, str, str]  # a digest's newest build: number, id, commit
NOTHING: Named = (0, "", "")


@dataclass(frozen=True)
class Stop:
    """One environment on the way: when the digest last succeeded there, and whether it is what runs."""

    environment: str
    at: datetime | None
    runs: bool


@dataclass(frozen=True)
class Travelled:
    """One digest, by the newest build that has it."""

    build: str
    number: int
    digest: str
    commit: str
    stops: tuple[Stop, ...]

    @property
    def furthest(self) -> str:
        """The last environment that it has come to; '' for none."""
        reached = [stop.environment for stop in self.stops if stop.at is not None or stop.runs]
        return reached[-1] if reached else ""


@dataclass(frozen=True)
class Between:
    """What differs between what two environments run; `commits` is where the code host shows it, if that is known."""

    left: Release
    right: Release
    changes: list[Change]
    commits: str | None


def travelled(project: Project, environments: Sequence[Environment]) -> Mapping[str, tuple[Travelled, ...]]:
    """By service id, the newest digests first. Two queries, whatever there is."""
    rows = Deployment.objects.filter(
        service__project=project,
        state="succeeded",
        kind__in=RUNS_A_RELEASE,
        release__build__number__gt=F("service__image__next_number") - 1 - RECENT_BUILDS,
    )
    came = rows.order_by().values_list(
        "service", "environment", "release__config_digest", "release__build", "release__build__number",
        "release__build__commit",
    )  # fmt: skip
    wanted = DesiredState.objects.filter(service__project=project, replicas__gt=0)
    runs = {tuple(row) for row in wanted.values_list("service", "environment", "release__config_digest")}
    found: dict[str, dict[str, Named]] = {}
    times: dict[tuple[str, str, str], datetime] = {}
    for service, environment, digest, build, number, commit, at in came.annotate(at=Max("finished_at")):
        known = found.setdefault(service, {})
        known[digest] = max(known.get(digest, NOTHING), (number, build, commit))
        key = (service, environment, digest)
        times[key] = max(times.get(key, at), at)

    def way(service: str, digest: str, named: Named) -> Travelled:
        number, build, commit = named
        keys = [(place.slug, (service, place.id, digest)) for place in environments]
        stops = tuple(Stop(environment=slug, at=times.get(key), runs=key in runs) for slug, key in keys)
        return Travelled(build=build, number=number, digest=digest, commit=commit, stops=stops)

    return {
        service: tuple(way(service, digest, known[digest]) for digest in _newest(known))
        for service, known in found.items()
    }


def _newest(known: Mapping[str, Named]) -> list[str]:
    return sorted(known, key=lambda digest: known[digest], reverse=True)[:MOST_DIGESTS]


def between(service: Service, left: Environment, right: Environment) -> Between | None:
    """From what runs in `left` to what runs in `right`; None where one of them runs nothing of it."""
    wanted = DesiredState.objects.filter(service=service, environment__in=[left, right], replicas__gt=0)
    by_place = {row.environment_id: row.release for row in wanted.select_related("release__build__image")}
    if left.id not in by_place or right.id not in by_place:
        return None
    one, other = by_place[left.id], by_place[right.id]
    return Between(one, other, changes(one, other), commits_between(one.build, other.build))
