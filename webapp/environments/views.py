"""Pages of environments, their variables, and secrets."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import now

from webapp.environments import services, timetable
from webapp.environments.forms import PlaceForm, SecretForm, VariablesForm
from webapp.environments.models import Environment, Secret, Use
from webapp.environments.reached import Routes
from webapp.page import PageRequest, find, find_project, look, page, verb, way_to
from webapp.teams.models import Project
from webapp.teams.policy import Action, may, require
from webapp.writing import pairs_text

NEXT: dict[str, str] = {Use.VARIABLE: "deployment", Use.CREDENTIAL: "build", Use.BUILD: "build"}


@dataclass(frozen=True)
class Place:
    """Secrets of one place: an environment, or the whole project where there is none."""

    environment: Environment | None
    secrets: list[Secret]
    sets: bool


@look
def index(request: PageRequest, id: str) -> HttpResponse:
    """The environments of a project, from left to right."""
    project = find_project(request, id)
    environments = Environment.objects.filter(project=project).prefetch_related("hosts")
    facts = {"project": project, "environments": environments, "operates": may(request.actor, Action.OPERATE, project)}
    return render(request, "environments/index.html", facts)


@page
def new(request: PageRequest, id: str) -> HttpResponse:
    """Make a place."""
    project = find_project(request, id)
    require(request.actor, Action.OPERATE, project)
    form = PlaceForm(request.POST or None, project=project)
    if request.method == "POST":
        made = form.attempt(lambda: services.create_environment(actor=request.actor, project=project, **form.carried()))
        if made is not None:
            messages.success(request, f"Environment {made.slug} is made.")
            return redirect("environment", made.id)
    facts = {"title": "New environment", "form": form, "say": "Make the environment"}
    facts["back"] = reverse("environments", args=[id])
    facts["crumbs"] = [
        *way_to(project),
        (facts["back"], "Environments"),
    ]
    return render(request, "parts/form_page.html", facts, status=form.status)


@page
def show(request: PageRequest, id: str, routes: Routes) -> HttpResponse:
    """One place; sent, the form of the place is carried out."""
    environment = _environment(request, id)
    form = PlaceForm(request.POST or None, project=environment.project, environment=environment)
    if request.method == "POST":
        changed = form.attempt(
            lambda: services.change_environment(actor=request.actor, environment=environment, **form.carried())
        )
        if changed is not None:
            return _changed(request, id)
    return _show(request, environment, routes, place=form)


@verb
def variables(request: PageRequest, id: str, routes: Routes) -> HttpResponse:
    """Replace the variables."""
    environment = _environment(request, id)
    form = VariablesForm(request.POST)
    changed = form.attempt(
        lambda: services.change_environment(actor=request.actor, environment=environment, variables=form.carried())
    )
    return _changed(request, id) if changed is not None else _show(request, environment, routes, variables=form)


@verb
def delete(request: PageRequest, id: str) -> HttpResponse:
    """Remove a place in which nothing runs and nothing ran."""
    environment = _environment(request, id)
    services.delete_environment(actor=request.actor, environment=environment)
    messages.success(request, f"Environment {environment.slug} is deleted.")
    return redirect("environments", environment.project_id)


@page
def secrets(request: PageRequest, id: str) -> HttpResponse:
    """Every secret by name and version, never by value; sent, a new version is kept."""
    project = find_project(request, id)
    form = SecretForm(request.POST or None, project=project, environment=request.GET.get("environment", ""))
    if request.method == "POST":
        kept = form.attempt(lambda: services.set_secret(actor=request.actor, project=project, **form.carried()))
        if kept is not None:
            said = f"Version {kept.version} of {kept.name} is kept. The next {NEXT[kept.use]} gets it."
            messages.success(request, said)
            return redirect("secrets", id)
    places = _places(request, project)
    facts = {"project": project, "places": places, "form": form, "sets": any(place.sets for place in places)}
    facts["any"] = any(place.secrets for place in places)
    return render(request, "secrets/index.html", facts, status=form.status)


@verb
def retire(request: PageRequest, id: str) -> HttpResponse:
    """Give it to no release from now on."""
    rows = Secret.objects.visible_to(request.actor).select_related("project__team", "environment")
    secret = find(rows, id)
    services.retire_secret(actor=request.actor, secret=secret)
    messages.success(request, f"{secret.name} is retired: releases from now on do not get it.")
    return redirect("secrets", secret.project_id)


def _environment(request: PageRequest, id: str) -> Environment:
    rows = Environment.objects.visible_to(request.actor).select_related("project__team")
    environment: Environment = find(rows, id)
    return environment


def _changed(request: PageRequest, id: str) -> HttpResponse:
    messages.success(request, "Saved. What runs goes on as it is until the next deployment.")
    return redirect("environment", id)


def _show(
    request: PageRequest,
    environment: Environment,
    routes: Routes,
    *,
    place: PlaceForm | None = None,
    variables: VariablesForm | None = None,
) -> HttpResponse:
    project, actor = environment.project, request.actor
    shut = environment.closed(now())
    facts: dict[str, Any] = {
        "project": project,
        "environment": environment,
        "hosts": environment.hosts.all(),
        "reached": routes(environment),
        "closed": shut,
        "opens": shut.sentence if shut is not None else "",
        "windows": timetable.write_windows(environment.windows),
        "freezes": timetable.write_freezes(environment.freezes),
        "operates": may(actor, Action.OPERATE, project),
        "defines": may(actor, Action.DEFINE, project),
        "place": place or PlaceForm(project=project, environment=environment),
        "variables": variables or VariablesForm(initial={"variables": pairs_text(environment.variables)}),
        "secrets": sorted(services.current_secrets(environment).values(), key=lambda secret: secret.name),
    }
    status = max(form.status for form in (facts["place"], facts["variables"]))
    return render(request, "environments/show.html", facts, status=status)


def _places(request: PageRequest, project: Project) -> list[Place]:
    """The whole project first, then its environments."""
    rows = Secret.objects.filter(project=project, retired_at=None).select_related("created_by").order_by("version")
    newest: dict[tuple[str | None, str], Secret] = {(row.environment_id, row.name): row for row in rows}
    environments: list[Environment | None] = [None, *Environment.objects.filter(project=project)]
    return [
        Place(
            environment=environment,
            secrets=[newest[key] for key in sorted(newest, key=_by_name) if key[0] == getattr(environment, "id", None)],
            sets=services.may_set_secret(request.actor, project, environment),
        )
        for environment in environments
    ]


def _by_name(key: tuple[str | None, str]) -> str:
    return key[1]
