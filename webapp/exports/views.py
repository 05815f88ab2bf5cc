"""Pages of a build's exports: ask for one, watch it come, fetch it, let it go."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now

from webapp.exports import services
from webapp.exports.download import answer
from webapp.exports.forms import ExportForm
from webapp.exports.models import UNDER_WAY, Export
from webapp.images.models import Build
from webapp.page import Answer, PageRequest, find, look, page, verb
from webapp.teams.policy import Action, may, require

SHOWN = 20


@page
def index(request: PageRequest, id: str) -> HttpResponse:
    """The exports of a build, and the form for another."""
    build = _build(request, id)
    form = ExportForm(request.POST or None)
    if request.method == "POST":
        layout = request.POST.get("layout", "")
        made = form.attempt(lambda: services.export_build(actor=request.actor, build=build, layout=layout, now=now()))
        if made is not None:
            return redirect("build_exports", id)
    return render(request, "exports/index.html", {**_facts(request, build), "form": form}, status=form.status)


@look
def part(request: PageRequest, id: str) -> HttpResponse:
    """The list as it is now."""
    return render(request, "exports/part.html", _facts(request, _build(request, id)))


@verb
def cancel(request: PageRequest, id: str) -> HttpResponse:
    """Stop one, or remove its archive."""
    export = _load(request, id)
    services.cancel_export(actor=request.actor, export=export, now=now())
    return redirect("build_exports", export.build_id)


@look
def archive(request: PageRequest, id: str) -> Answer:
    """Its bytes."""
    export = _load(request, id)
    require(request.actor, Action.BUILD, export.build.image.project)
    return answer(export, range_header=request.headers.get("Range", ""))


def _facts(request: PageRequest, build: Build) -> dict[str, Any]:
    return {
        "build": build,
        "image": build.image,
        "project": build.image.project,
        "exports": Export.objects.filter(build=build)[:SHOWN],
        "under_way": UNDER_WAY,
        "builds": may(request.actor, Action.BUILD, build.image.project),
    }


def _build(request: PageRequest, id: str) -> Build:
    rows = Build.objects.visible_to(request.actor).select_related("image__project__team", "job")
    return find(rows, id)


def _load(request: PageRequest, id: str) -> Export:
    rows = Export.objects.visible_to(request.actor).select_related("build__image__project__team", "job")
    return find(rows, id)
