"""The board: services down, environments across, each cell what runs there and what may be done next.

`board` reads everything in a constant number of queries; what it answers is plain values, for the page and for tests.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import OuterRef, QuerySet, Subquery
from django.utils.timezone import now

from runtime.contract import states
from webapp.deployments.board import cells
from webapp.deployments.board.acts import BROKEN, may_judge
from webapp.deployments.board.cells import Cell, Known
from webapp.deployments.board.journey import Travelled, travelled
from webapp.deployments.board.trails import trails_of
from webapp.deployments.models import UNDER_WAY, Approval, Deployment, DesiredState, Replica, Service
from webapp.deployments.planning.gathering import RUNS_A_RELEASE
from webapp.deployments.services.starting import approvers_of
from webapp.environments.models import Environment
from webapp.images.insight.ending import how_it_ended
from webapp.images.models import Build
from webapp.teams.models import Project
from webapp.teams.policy import Action, Actor, actions_in

BROKEN_WITHIN = timedelta(days=1)
MOST_NOTICES = 20


@dataclass(frozen=True)
class Column:
    """An environment, from left to right."""

    id: str
    slug: str
    protected: bool
    required_approvals: int
    hosts: int
    closed: str = ""  # why no deployment may start there now, and when the next one may


@dataclass(frozen=True)
class Row:
    """A service with its cells, one per column; `build` is the newest that succeeded, None without one."""

    id: str
    slug: str
    image_id: str
    image: str
    build_id: str | None
    build_number: int | None
    cells: tuple[Cell, ...]
    travelled: tuple[Travelled, ...] = ()  # how far its newest digests have come


@dataclass(frozen=True)
class Notice:
    """A line above the board. `kind` is build or deployment, `id` its id."""

    kind: str
    id: str
    state: str
    text: str
    by: str
    at: datetime
    problem: str = ""


@dataclass(frozen=True)
class Board:
    """All of it, as this actor may see and do."""

    project: Project
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    waiting: tuple[Notice, ...]  # for this actor's approval
    going_on: tuple[Notice, ...]
    broken: tuple[Notice, ...]  # within the last day, and not mended since
    owed: tuple[Notice, ...] = ()  # emergencies that nobody else has looked at yet


def board(*, project: Project, actor: Actor) -> Board:
    """The project's board. The caller has made sure that the actor sees the project."""
    environments = list(Environment.objects.filter(project=project).prefetch_related("hosts").order_by("rank"))
    services = list(Service.objects.filter(project=project).select_related("image"))
    builds = {build.image_id: build for build in _newest_builds(project)}
    known = _know(project, actor, list(builds.values()))
    notices, ways = _builds_to_notice(project), travelled(project, environments)
    return Board(
        project=project,
        columns=tuple(_column(environment) for environment in environments),
        rows=tuple(
            _row(service, environments, builds.get(service.image_id), known, ways.get(service.id, ()))
            for service in services
        ),
        waiting=tuple(_waiting(known, actor)),
        going_on=tuple(_going_on(known, notices)),
        broken=tuple(_broken(known, notices, builds)),
        owed=tuple(_of_deployment(row, text=row.emergency) for row in _owed(project)),
    )


def _know(project: Project, actor: Actor, builds: list[Build]) -> Known:
    here = {"service__project": project}
    desired = list(DesiredState.objects.filter(**here, replicas__gt=0).select_related("release__build"))
    replicas = Replica.objects.wanted().filter(**here).select_related("host").order_by("index", "created_at")
    copies: dict[tuple[str, str], list[Replica]] = {}
    for replica in replicas:
        copies.setdefault((replica.service_id, replica.environment_id), []).append(replica)
    verdicts, latest = list(_verdicts(project)), _latest(project)
    return Known(
        desired={(row.service_id, row.environment_id): row for row in desired},
        replicas=copies,
        trails=trails_of(project),
        latest={(row.service_id, row.environment_id): row for row in latest},
        succeeded={(row.service_id, row.environment_id): row for row in _latest(project, state="succeeded")},
        ended=_ended(project, {*(build.id for build in builds), *(row.release.build_id for row in desired)}),
        allowed=actions_in(actor, project.team_id, project_id=project.id),
        person=actor.person_id(),
        said=frozenset(row.deployment_id for row in verdicts if row.user_id == actor.person_id()),
        verdicts=_yes(verdicts),
        approvers=approvers_of(project.team_id),
        closed=dict(_closed(latest)),
    )


def _closed(latest: list[Deployment]) -> Iterator[tuple[str, str]]:
    moment = now()
    for row in latest:
        closed = row.environment.closed(moment) if row.state == "awaiting_approval" else None
        if closed is not None:
            yield row.id, closed.sentence


def _verdicts(project: Project) -> QuerySet[Approval]:
    """What was said of deployments that wait for approval."""
    return Approval.objects.filter(
        deployment__service__project=project, deployment__state="awaiting_approval", lapsed_at=None
    )


def _yes(verdicts: list[Approval]) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for row in verdicts:
        if row.approved:
            found[row.deployment_id] = found.get(row.deployment_id, frozenset()) | {row.user_id}
    return found


def _latest(project: Project, **which: str) -> list[Deployment]:
    """The newest deployment of each service in each environment; what stands in line has not begun to be one."""
    here = Deployment.objects.filter(service=OuterRef("service"), environment=OuterRef("environment"), **which)
    here = here.exclude(state="in_line")
    newest = here.order_by("-created_at", "-id").values("id")[:1]
    rows = Deployment.objects.filter(service__project=project, id=Subquery(newest))
    return list(rows.select_related("service", "environment", "release__build", "previous"))


def _ended(project: Project, builds: set[str]) -> dict[tuple[str, str, str], str]:
    """How the last deployment of these builds ended, by service, environment and build."""
    rows = Deployment.objects.filter(
        service__project=project, kind__in=RUNS_A_RELEASE, release__build__in=builds, state__in=("succeeded", *BROKEN)
    ).order_by("created_at", "id")
    found = rows.values_list("service", "environment", "release__build", "state")
    return {(service, environment, build): state for service, environment, build, state in found}


def _newest_builds(project: Project) -> list[Build]:
    there = Build.objects.filter(image=OuterRef("image"), state="succeeded", expired_at=None)
    newest = there.order_by("-number").values("id")[:1]
    return list(Build.objects.filter(image__project=project, id=Subquery(newest)).defer("layers", "definition"))


def _column(environment: Environment) -> Column:
    closed = environment.closed(now())
    return Column(
        id=environment.id,
        slug=environment.slug,
        protected=environment.protected,
        required_approvals=environment.required_approvals,
        hosts=len(environment.hosts.all()),
        closed=f"{closed.why}. {closed.sentence}" if closed is not None else "",
    )


def _row(
    service: Service,
    environments: list[Environment],
    build: Build | None,
    known: Known,
    ways: tuple[Travelled, ...],
) -> Row:
    return Row(
        id=service.id,
        slug=service.slug,
        image_id=service.image_id,
        image=service.image.slug,
        build_id=build.id if build is not None else None,
        build_number=build.number if build is not None else None,
        cells=tuple(cells.row_of_cells(service, environments, build, known)),
        travelled=ways,
    )


def _waiting(known: Known, actor: Actor) -> list[Notice]:
    if Action.APPROVE not in known.allowed:
        return []
    waiting = [row for row in known.latest.values() if row.state == "awaiting_approval"]
    mine = [row for row in waiting if may_judge(row, known) and row.id not in known.said]
    return [_of_deployment(row) for row in sorted(mine, key=lambda row: row.created_at)][:MOST_NOTICES]


def _owed(project: Project) -> QuerySet[Deployment]:
    rows = Deployment.objects.filter(service__project=project, review_owed=True).order_by("created_at", "id")
    return rows[:MOST_NOTICES]


def _going_on(known: Known, builds: list[Build]) -> list[Notice]:
    rolling = [_of_deployment(row) for row in known.latest.values() if row.state in UNDER_WAY]
    building = [_of_build(row) for row in builds if not states.is_terminal(states.BUILD, row.state)]
    return sorted(rolling + building, key=lambda notice: notice.at, reverse=True)[:MOST_NOTICES]


def _broken(known: Known, builds: list[Build], newest: dict[str, Build]) -> list[Notice]:
    """What broke within the last day and is broken still: nothing after it went well."""
    since = now() - BROKEN_WITHIN
    rows = [row for row in known.latest.values() if row.state in BROKEN and row.finished_at and row.finished_at > since]
    failed = [row for row in builds if row.state == "failed" and not _is_cured(row, newest)]
    notices = [*(_of_deployment(row) for row in rows), *(_of_build(row) for row in failed)]
    return sorted(notices, key=lambda notice: notice.at, reverse=True)[:MOST_NOTICES]


def _is_cured(build: Build, newest: dict[str, Build]) -> bool:
    """Did a later build of the image succeed?"""
    done = newest.get(build.image_id)
    return done is not None and done.number > build.number


def _builds_to_notice(project: Project) -> list[Build]:
    """Builds that are going on, or failed within the last day."""
    builds = Build.objects.filter(image__project=project).select_related("image").defer("layers", "definition")
    ended = [state for state in states.terminal_states(states.BUILD) if state != "failed"]
    recent = builds.exclude(state__in=ended).exclude(state="failed", finished_at__lt=now() - BROKEN_WITHIN)
    return list(recent[: 2 * MOST_NOTICES])


def _of_deployment(row: Deployment, *, text: str = "") -> Notice:
    return Notice(
        kind="deployment",
        id=row.id,
        state=row.state,
        text=text or str(row.plan.get("sentence", "")),
        by=row.requested_as,
        at=row.finished_at or row.created_at,
        problem=str((row.problem or {}).get("message", "")),
    )


def _of_build(row: Build) -> Notice:
    return Notice(
        kind="build",
        id=row.id,
        state=row.state,
        text=f"Build {row.number} of {row.image.slug}",
        by=row.requested_as,
        at=row.finished_at or row.created_at,
        problem=how_it_ended(str((row.problem or {}).get("message", ""))),
    )
