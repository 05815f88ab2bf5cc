"""What is in projects and how it is there, for the list of them (`webapp.teams.contents.Counting`)."""

from collections.abc import Collection, Mapping
from typing import Any

from django.db.models import Count, Max, QuerySet

from webapp.deployments.board.acts import Place
from webapp.deployments.board.cells import state_of
from webapp.deployments.models import Deployment, DesiredState, Replica, Service
from webapp.environments.models import Environment
from webapp.hosts.models import Host
from webapp.images.models import Image
from webapp.teams.contents import GRAVITY, Contents, PlaceNow
from webapp.teams.models import Project


def contents(projects: Collection[Project]) -> Mapping[str, Contents]:
    """Services, images and environments of each, and what runs in these."""
    ids = [project.id for project in projects]
    services, images = _by_project(Service.objects.all(), ids), _by_project(Image.objects.all(), ids)
    environments: dict[str, list[Environment]] = {}
    for environment in Environment.objects.filter(project__in=ids).order_by("rank").only("slug", "project"):
        environments.setdefault(environment.project_id, []).append(environment)
    running = _running(ids)
    return {
        id: Contents(
            services=services.get(id, 0),
            images=images.get(id, 0),
            environments=len(environments.get(id, ())),
            places=tuple(_now(one, running.get(one.id, [])) for one in environments.get(id, ())),
        )
        for id in ids
    }


def _by_project(rows: QuerySet[Any], ids: list[str]) -> dict[str, int]:
    return dict(rows.filter(project__in=ids).order_by().values_list("project").annotate(Count("id")))


def _now(environment: Environment, running: list[tuple[str, str]]) -> PlaceNow:
    """The gravest first; what is empty is not counted."""
    shown = [(state, text) for state, text in running if state != "empty"]
    worst = min((state for state, _ in shown), key=GRAVITY.index, default="empty")
    texts = sorted(text for state, text in shown if state == worst)
    return PlaceNow(environment.slug, worst, tuple(texts), others=len(shown) - len(texts))


def _running(ids: list[str]) -> dict[str, list[tuple[str, str]]]:
    """State and words of each service, by environment id."""
    found: dict[str, list[tuple[str, str]]] = {}
    desired = {(row.service_id, row.environment_id): row for row in _desired(ids)}
    latest = {(row.service_id, row.environment_id): row for row in _latest(ids)}
    copies = _copies(ids)
    for service, environment in {*desired, *latest}:
        here = (service, environment)
        row, last = desired.get(here), latest.get(here)
        name = row.service.slug if row is not None else last.service.slug if last is not None else ""
        words = f"{name} build {row.release.build.number}" if row is not None else name
        found.setdefault(environment, []).append((state_of(row, last, copies.get(here, [])), words))
    return found


def _desired(ids: list[str]) -> QuerySet[DesiredState]:
    rows = DesiredState.objects.filter(service__project__in=ids, replicas__gt=0)
    return rows.select_related("service", "release__build").only(
        "stopped", "service__slug", "environment", "release__build__number"
    )


def _latest(ids: list[str]) -> QuerySet[Deployment]:
    """The newest deployment of each service in each environment: ids grow with time."""
    rows = Deployment.objects.filter(service__project__in=ids).order_by().values("service", "environment")
    newest = rows.annotate(newest=Max("id")).values("newest")
    return (
        Deployment.objects.filter(id__in=newest).select_related("service").only("state", "service__slug", "environment")
    )


def _copies(ids: list[str]) -> dict[Place, list[Replica]]:
    rows = Replica.objects.wanted().filter(service__project__in=ids).order_by()
    copies = list(rows.only("state", "desired", "service", "environment", "host"))
    hosts = {host.id: host for host in Host.objects.all()}
    found: dict[Place, list[Replica]] = {}
    for copy in copies:
        copy.host = hosts[copy.host_id]
        found.setdefault((copy.service_id, copy.environment_id), []).append(copy)
    return found
