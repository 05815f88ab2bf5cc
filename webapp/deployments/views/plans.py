"""What an act would do, as the part of a page that asks before it is done."""

from collections.abc import Callable

from django.http import Http404, HttpResponse
from django.shortcuts import render

from webapp.deployments import services
from webapp.deployments.models import Deployment, Release, Service
from webapp.deployments.services.gates import SHORTEST_REASON
from webapp.deployments.services.previewing import Preview
from webapp.environments.models import Environment
from webapp.images.models import Build
from webapp.page import PageRequest, find, look
from webapp.problems import Forbidden, Missing, Refusal
from webapp.teams.models import Project
from webapp.teams.policy import Action, may, require

AT_GATES = ("environment.skipped", "environment.closed")
KINDS = {"promotion": services.preview_promotion, "rollback": services.preview_rollback}


@look
def of_service(request: PageRequest, id: str) -> HttpResponse:
    """Of deploying `build` or `release` to `environment`, named in the query as the form names them."""
    service = find(Service.objects.visible_to(request.actor).select_related("project__team", "image"), id)
    require(request.actor, Action.REQUEST, service.project)
    asked = request.GET
    place = find(Environment.objects.filter(project=service.project_id), asked.get("environment", ""))
    release = build = None
    if "release" in asked:
        release = find(Release.objects.filter(service=service).select_related("build"), asked["release"])
    else:
        build = find(Build.objects.filter(image=service.image_id), asked.get("build", ""))
    return _shown(
        request,
        service.project,
        lambda: services.preview_deploy(
            actor=request.actor, service=service, environment=place, build=build, release=release
        ),
    )


@look
def of_deployment(request: PageRequest, id: str, step: str) -> HttpResponse:
    """Of promoting it, or going back to what ran before it."""
    rows = Deployment.objects.visible_to(request.actor).select_related(
        "service__project__team", "service__image", "environment", "release__build", "previous__build"
    )
    deployment: Deployment = find(rows, id)
    project = deployment.service.project
    return _shown(request, project, lambda: KINDS[step](actor=request.actor, deployment=deployment))


def _shown(request: PageRequest, project: Project, preview: Callable[[], Preview]) -> HttpResponse:
    """The plan, or why there is none; what a gate keeps out may be an emergency for who may call one."""
    try:
        facts = {"preview": preview(), "urgent": "urgent" in request.GET}
        return render(request, "deployments/preview.html", facts)
    except Forbidden:
        raise
    except Missing as refusal:
        raise Http404(refusal.detail) from refusal
    except Refusal as refusal:
        hurries = refusal.code in AT_GATES and may(request.actor, Action.EMERGENCY, project)
        said = {"refusal": refusal, "hurries": hurries, "least": SHORTEST_REASON}
        return render(request, "deployments/preview.html", said, status=refusal.status)
