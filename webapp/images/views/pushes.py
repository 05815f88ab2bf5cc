"""Pages of pushes: where builds of an image go, sending one that is there, and sending it again."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from webapp.images import services
from webapp.images.models import Build, Image, Push
from webapp.images.push_forms import DestinationsForm, PushForm
from webapp.page import PageRequest, find, page, verb
from webapp.registries.own import place
from webapp.teams.policy import Action, may, require


@page
def destinations(request: PageRequest, id: str) -> HttpResponse:
    """Where every build of an image is pushed from now on."""
    image = find(Image.objects.visible_to(request.actor).select_related("project__team"), id)
    require(request.actor, Action.DEFINE, image.project)
    form = DestinationsForm(request.POST if request.method == "POST" else None, image=image)
    if request.method == "POST":
        goals = form.attempt(lambda: services.set_destinations(actor=request.actor, image=image, **form.carried()))
        if goals is not None:
            where = ", ".join(goal.name for goal in goals)
            messages.success(request, f"Builds are pushed to {where}." if where else "Builds are pushed nowhere.")
            return redirect("image", image.id)
    shown = {"image": image, "project": image.project, "form": form, "own": place.address()}
    shown["operates"] = may(request.actor, Action.OPERATE, image.project)
    return render(request, "images/push.html", shown, status=form.status)


@page
def push(request: PageRequest, id: str) -> HttpResponse:
    """Push a build that succeeded."""
    builds = Build.objects.visible_to(request.actor).select_related("image__project__team", "host")
    build = find(builds.defer("layers", "definition"), id)
    require(request.actor, Action.BUILD, build.image.project)
    form = PushForm(request.POST if request.method == "POST" else None, build=build)
    if request.method == "POST":
        sent = form.attempt(lambda: services.push_build(actor=request.actor, build=build, **form.carried()))
        if sent is not None:
            messages.success(request, f"Build {build.number} is on its way to {sent.repository}.")
            return redirect("build", build.id)
    shown = {"build": build, "image": build.image, "project": build.image.project, "form": form}
    shown["operates"] = may(request.actor, Action.OPERATE, build.image.project)
    return render(request, "builds/push.html", shown, status=form.status)


@verb
def again(request: PageRequest, id: str) -> HttpResponse:
    """The same image to the same place once more."""
    sent = services.push_again(actor=request.actor, push=_load(request, id))
    messages.success(request, f"Build {sent.build.number} is on its way to {sent.repository}.")
    return redirect("build", sent.build_id)


@verb
def cancel(request: PageRequest, id: str) -> HttpResponse:
    """Stop it."""
    stopped = services.cancel_push(actor=request.actor, push=_load(request, id))
    return redirect("build", stopped.build_id)


def _load(request: PageRequest, id: str) -> Push:
    rows = Push.objects.visible_to(request.actor).select_related("registry", "build__image__project__team", "job")
    return find(rows, id)
