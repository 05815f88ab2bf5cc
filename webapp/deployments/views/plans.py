"""What an act would do, as the part of a page that asks before it is done."""

from collections.abc import Callable

from django.http import Http404, HttpResponse
from django.shortcuts import render

from webapp.deployments import services
from webapp.deployments.models import Deployment, Release, Service
from webapp.deployments.services.previewing import Preview
from webapp.environments.models import Environment
from webapp.images.models import Build
from webapp.page import PageRequest, find, look
from webapp.problems import Forbidden, Missing, Refusal
from webapp.teams.policy import Action, require

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
    return _shown(request, lambda: KINDS[step](actor=request.actor, deployment=deployment))


def _shown(request: PageRequest, preview: Callable[[], Preview]) -> HttpResponse:
    """The plan, or why there is none."""
    try:
        return render(request, "deployments/preview.html", {"preview": preview()})
    except Forbidden:
        raise
    except Missing as refusal:
        raise Http404(refusal.detail) from refusal
    except Refusal as refusal:
        return render(request, "deployments/preview.html", {"refusal": refusal}, status=refusal.status)
