"""Pages of services and releases: define, change, delete, deploy, scale, restart, stop, start."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from webapp.deployments import services
from webapp.deployments.board.acts import may_ask
from webapp.deployments.board.journey import between
from webapp.deployments.comparing import changes
from webapp.deployments.forms import DeployForm, ScaleForm, ServiceForm
from webapp.deployments.models import Deployment, DesiredState, Release, Replica, Service
from webapp.deployments.views.deployments import emergency_of
from webapp.environments.models import Environment
from webapp.page import PageRequest, find, find_project, look, page, verb, way_to
from webapp.teams.policy import Action, actions_in, may, require

CHANGES = {"restart": services.restart, "stop": services.stop, "start": services.start}
SHOWN_RELEASES = 20
DEPLOYMENTS_A_PAGE = 20
SHOWN_REPLICAS = 200


@page
def new(request: PageRequest, id: str) -> HttpResponse:
    """Define a service."""
    actor = request.actor
    project = find_project(request, id)
    require(actor, Action.DEFINE, project)
    form = ServiceForm(request.POST or None, project=project, image=request.GET.get("image", ""))
    if request.method == "POST":
        service = form.attempt(lambda: services.define_service(actor=actor, project=project, **form.carried()))
        if service is not None:
            messages.success(request, f"Service {service.slug} is defined. Deploy a build to an environment next.")
            return redirect("service", service.id)
    facts = {"title": "New service", "form": form, "say": "Define the service", "back": reverse("board", args=[id])}
    facts["crumbs"] = way_to(project)
    return render(request, "parts/form_page.html", facts, status=form.status)


@page
def edit(request: PageRequest, id: str) -> HttpResponse:
    """Change a service; what runs changes with the next deployment."""
    service = _load(request, id)
    require(request.actor, Action.DEFINE, service.project)
    form = ServiceForm(request.POST or None, project=service.project, service=service)
    if request.method == "POST":
        changed = form.attempt(lambda: services.change_service(actor=request.actor, service=service, **form.carried()))
        if changed is not None:
            messages.success(request, "Saved. It takes effect with the next deployment.")
            return redirect("service", id)
    here = reverse("service", args=[id])
    facts = {"title": "Change the service", "form": form, "say": "Save", "back": here}
    facts["lead"] = "What runs goes on as it is until the next deployment."
    facts["crumbs"] = [*way_to(service.project), (here, service.slug)]
    return render(request, "parts/form_page.html", facts, status=form.status)


@verb
def delete(request: PageRequest, id: str) -> HttpResponse:
    """Delete it, with its containers."""
    service = _load(request, id)
    services.delete_service(actor=request.actor, service=service)
    messages.success(request, f"Service {service.slug} is deleted; its hosts remove its containers.")
    return redirect("board", service.project_id)


@look
def show(request: PageRequest, id: str) -> HttpResponse:
    """How it is defined, what runs, its releases and deployments."""
    service = _load(request, id)
    rows = Deployment.objects.filter(service=service).select_related("environment", "release__build")
    facts = _facts(request, service)
    facts["deployments"] = Paginator(rows, DEPLOYMENTS_A_PAGE).get_page(request.GET.get("page"))
    facts["releases"] = service.releases.select_related("environment", "build")[:SHOWN_RELEASES]
    return render(request, "services/show.html", facts)


@look
def part(request: PageRequest, id: str) -> HttpResponse:
    """What runs of it now."""
    return render(request, "services/part.html", _facts(request, _load(request, id)))


@page
def deploy(request: PageRequest, id: str) -> HttpResponse:
    """Choose a build and an environment; the plan is shown before anybody approves it."""
    service = _load(request, id)
    require(request.actor, Action.REQUEST, service.project)
    form = DeployForm(request.POST or None, service=service, hurries=_hurries(request, service))
    if request.method == "POST":
        made = form.attempt(
            lambda: services.deploy(actor=request.actor, service=service, queue=True, **form.cleaned_data)
        )
        if made is not None:
            return redirect("deployment", made.id)
    here = reverse("service", args=[id])
    facts = {"title": f"Deploy {service.slug}", "form": form, "say": "Deploy", "back": here}
    facts["lead"] = "A release freezes the build with the settings, variables and secrets of now."
    facts["plan"] = reverse("service_plan", args=[id])
    facts["crumbs"] = [*way_to(service.project), (here, service.slug)]
    return render(request, "parts/form_page.html", facts, status=form.status)


@page
def scale(request: PageRequest, id: str) -> HttpResponse:
    """Run more copies, or fewer."""
    service = _load(request, id)
    require(request.actor, Action.REQUEST, service.project)
    place, hurries = request.GET.get("environment", ""), _hurries(request, service)
    form = ScaleForm(request.POST or None, service=service, environment=place, hurries=hurries)
    if request.method == "POST":
        made = form.attempt(
            lambda: services.scale(actor=request.actor, service=service, queue=True, **form.cleaned_data)
        )
        if made is not None:
            return redirect("deployment", made.id)
    here = reverse("service", args=[id])
    facts = {"title": f"Scale {service.slug}", "form": form, "say": "Scale", "back": here}
    facts["crumbs"] = [*way_to(service.project), (here, service.slug)]
    return render(request, "parts/form_page.html", facts, status=form.status)


@look
def comparison(request: PageRequest, id: str) -> HttpResponse:
    """What differs from what runs in one environment (`left` in the query) to what runs in another (`right`).

    Those not named are the first two of the way.
    """
    service = _load(request, id)
    places = Environment.objects.filter(project=service.project_id)
    first = [place.id for place in places[:2]] or [""]
    left = find(places, request.GET.get("left", first[0]))
    right = find(places, request.GET.get("right", first[-1]))
    facts = {"service": service, "project": service.project, "left": left, "right": right}
    facts["between"] = between(service, left, right)
    return render(request, "services/comparison.html", facts)


@verb
def change(request: PageRequest, id: str, kind: str) -> HttpResponse:
    """Restart, stop or start every copy in an environment."""
    service = _load(request, id)
    environment = find(Environment.objects.filter(project=service.project_id), request.POST.get("environment", ""))
    asked = {"service": service, "environment": environment}
    made = CHANGES[kind](actor=request.actor, **asked, emergency=emergency_of(request), queue=True)
    return redirect("deployment", made.id)


@page
def release(request: PageRequest, id: str) -> HttpResponse:
    """What a release has frozen; a POST runs it again."""
    rows = Release.objects.visible_to(request.actor).select_related("service__project__team", "environment", "build")
    frozen = find(rows, id)
    if request.method == "POST":
        made = services.deploy(
            actor=request.actor,
            service=frozen.service,
            environment=frozen.environment,
            release=frozen,
            emergency=emergency_of(request),
            queue=True,
        )
        return redirect("deployment", made.id)
    project = frozen.service.project
    desired = DesiredState.objects.filter(service=frozen.service, environment=frozen.environment, replicas__gt=0)
    runs = desired.select_related("release__build").first()
    allowed = actions_in(request.actor, project.team_id, project_id=project.id)
    facts = {
        "release": frozen,
        "project": project,
        "runs": runs is not None and runs.release_id == frozen.id,
        "changes": changes(runs.release, frozen) if runs is not None else [],
        "deploys": may_ask(allowed, frozen.environment),
    }
    return render(request, "services/release.html", facts)


def _hurries(request: PageRequest, service: Service) -> bool:
    """May this person call an emergency here? Where they may not, no box offers it."""
    return request.actor.user is not None and may(request.actor, Action.EMERGENCY, service.project)


def _load(request: PageRequest, id: str) -> Service:
    return find(Service.objects.visible_to(request.actor).select_related("project__team", "image"), id)


def _facts(request: PageRequest, service: Service) -> dict[str, Any]:
    project = service.project
    allowed = actions_in(request.actor, project.team_id, project_id=project.id)
    places = Environment.objects.filter(project=project)
    running = (
        Replica.objects.wanted().filter(service=service).select_related("environment", "host", "service", "release")
    )
    return {
        "service": service,
        "project": project,
        "settings": service.settings,
        "replicas": running.order_by("environment__rank", "index")[:SHOWN_REPLICAS],
        "defines": may(request.actor, Action.DEFINE, project),
        "deploys": any(may_ask(allowed, place) for place in places),
    }
