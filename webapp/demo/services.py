"""The demo: a project with two services and three environments, from `examples/`. Made once, harmless to repeat."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings

from webapp.deployments.models import Service
from webapp.deployments.services import define_service
from webapp.environments.models import Environment
from webapp.environments.services import create_environment
from webapp.hosts.models import Host
from webapp.images.models import Image
from webapp.images.services import define_image, request_build
from webapp.problems import Conflicting, Forbidden, Unplannable
from webapp.teams.models import Project, Role, Team
from webapp.teams.policy import Actor, actor_for_user
from webapp.teams.services import create_project, create_team

EXAMPLES = Path(settings.BASE_DIR) / "examples"
TEAM = "demo"
PROJECT = "harbour"
LIMITS = {"memory": "32m", "cpus": 0.25, "pids": 32}


@dataclass(frozen=True)
class Example:
    """One service of the demo; its image comes from the folder of the same name."""

    slug: str
    settings: Mapping[str, Any]
    overrides: Mapping[str, Any] = field(default_factory=dict)


EXAMPLE_SERVICES = (
    Example(
        slug="front",
        settings={
            "ports": [{"container": 8080}],
            "health": {"kind": "http", "port": 8080, "path": "/healthz"},
            "limits": LIMITS,
            "replicas": 1,
        },
        overrides={"staging": {"replicas": 2}, "production": {"replicas": 2}},
    ),
    Example(slug="ticker", settings={"limits": LIMITS, "replicas": 1, "stop_timeout": 3}),
)


@dataclass(frozen=True)
class Place:
    """One environment of the demo."""

    slug: str
    protected: bool = False
    required_approvals: int = 0


PLACES = (Place("dev"), Place("staging"), Place("production", protected=True, required_approvals=1))


def make_demo(*, actor: Actor) -> Project:
    """The demo project of the actor's team `demo`, made where it is missing; first builds when a host is ready.

    Raises `Forbidden` without a person, and `Conflicting` when the team's name is another's.
    """
    team = _team(actor)
    if actor.user is not None:
        actor = actor_for_user(actor.user, ip=actor.ip, request_id=actor.request_id)
    project = Project.objects.filter(team=team, slug=PROJECT).first()
    if project is None:
        project = create_project(actor=actor, team=team, slug=PROJECT, name="Harbour")
    _make_places(actor, project)
    for example in EXAMPLE_SERVICES:
        image = _image(actor, project, example.slug)
        if not Service.objects.filter(project=project, slug=example.slug).exists():
            define_service(
                actor=actor,
                project=project,
                slug=example.slug,
                image=image,
                settings=example.settings,
                overrides=example.overrides,
            )
        _build_first(actor, image)
    return project


def source_of(folder: Path) -> dict[str, Any]:
    """An inline source of a folder: its Dockerfile, and the files beside it by their relative paths."""
    files = {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "Dockerfile"
    }
    return {"kind": "dockerfile", "dockerfile": (folder / "Dockerfile").read_text(), "files": files}


def _team(actor: Actor) -> Team:
    if actor.user is None or actor.token is not None:
        raise Forbidden(code="demo.no_person", detail="The demo is made by a person who is signed in.")
    team = Team.objects.filter(slug=TEAM).first()
    if team is None:
        return create_team(actor=actor, slug=TEAM, name="Demo")
    if not team.memberships.filter(user=actor.user, role__in=(Role.OPERATOR, Role.OWNER)).exists():
        raise Conflicting(
            code="demo.others", detail="The team demo belongs to others: its owner can make you an operator of it."
        )
    return team


def _make_places(actor: Actor, project: Project) -> None:
    hosts = list(Host.objects.serving(project.team_id))
    known = set(Environment.objects.filter(project=project).values_list("slug", flat=True))
    for rank, place in enumerate(PLACES, start=1):
        if place.slug not in known:
            create_environment(
                actor=actor,
                project=project,
                slug=place.slug,
                rank=rank,
                protected=place.protected,
                required_approvals=place.required_approvals,
                hosts=hosts,
                variables={"SLIPWAY_PLACE": place.slug},
            )


def _image(actor: Actor, project: Project, slug: str) -> Image:
    image = Image.objects.filter(project=project, slug=slug).first()
    return image or define_image(actor=actor, project=project, slug=slug, source=source_of(EXAMPLES / slug))


def _build_first(actor: Actor, image: Image) -> None:
    """A first build, when a host can make it; without one the image's page says what is missing."""
    if image.builds.exists():
        return
    try:
        request_build(actor=actor, image=image)
    except Unplannable:
        return
