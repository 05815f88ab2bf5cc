"""Pages of images: define, look, change, delete, build."""

from functools import partial
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import OuterRef, Subquery
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from webapp.blobs.models import Upload
from webapp.blobs.services import max_bytes
from webapp.images import services
from webapp.images.containers import Containers
from webapp.images.forms import BuildForm, ImageForm
from webapp.images.insight.reusing import offer
from webapp.images.models import Build, Image
from webapp.images.sources import kind_of
from webapp.images.using import Users
from webapp.page import PageRequest, find, find_project, look, page, verb, way_to, with_editor
from webapp.teams.models import Project
from webapp.teams.policy import Action, may, require

IMAGES_A_PAGE = 50
BUILDS_A_PAGE = 25
UPLOADS_OFFERED = 100


@look
def index(request: PageRequest, id: str) -> HttpResponse:
    """The images of a project, each with its newest build."""
    project = find_project(request, id)
    rows = Paginator(Image.objects.filter(project=project), IMAGES_A_PAGE).get_page(request.GET.get("page"))
    newest = Build.objects.filter(image=OuterRef("image")).order_by("-number").values("id")[:1]
    builds = Build.objects.filter(image__in=list(rows), id=Subquery(newest)).defer("layers", "definition")
    last = {build.image_id: build for build in builds}
    facts = {
        "project": project,
        "rows": rows,
        "told": [(image, kind_of(image.source).line(image.source), last.get(image.id)) for image in rows],
        "defines": may(request.actor, Action.DEFINE, project),
        "builds": may(request.actor, Action.BUILD, project),
    }
    return render(request, "images/index.html", facts)


@with_editor
@page
def new(request: PageRequest, id: str, containers: Containers) -> HttpResponse:
    """Define an image."""
    actor = request.actor
    project = find_project(request, id)
    require(actor, Action.DEFINE, project)
    uploads = _uploads(project)
    form = ImageForm(request.POST or None, uploads=uploads, initial=_wanted(request))
    if request.method == "POST":
        image = form.attempt(lambda: services.define_image(actor=actor, project=project, **form.carried()))
        if image is not None:
            return _after(request, image, containers)
    facts = {"project": project, "form": form, "builds": may(actor, Action.BUILD, project)}
    facts["upload_max_bytes"] = max_bytes()
    return render(request, "images/form.html", facts, status=form.status)


@with_editor
@page
def edit(request: PageRequest, id: str, containers: Containers) -> HttpResponse:
    """Change an image; builds that were made stay what they are."""
    image = _load(request, id)
    require(request.actor, Action.DEFINE, image.project)
    form = ImageForm(request.POST or None, image=image, uploads=_uploads(image.project))
    if request.method == "POST":
        changed = form.attempt(lambda: services.change_image(actor=request.actor, image=image, **form.carried()))
        if changed is not None:
            return _after(request, changed, containers)
    facts = {"project": image.project, "image": image, "form": form}
    facts["builds"] = may(request.actor, Action.BUILD, image.project)
    facts["upload_max_bytes"] = max_bytes()
    return render(request, "images/form.html", facts, status=form.status)


@look
def show(request: PageRequest, id: str, users: Users) -> HttpResponse:
    """Its definition and its builds."""
    image = _load(request, id)
    uses = [use for use in users(image) if use.runs]
    goals = list(image.destinations.select_related("registry"))
    own = services.everywhere(image, named=[goal.registry_id for goal in goals])
    return render(
        request, "images/show.html", {**_facts(request, image), "services": uses, "destinations": goals, "own": own}
    )


@look
def part(request: PageRequest, id: str) -> HttpResponse:
    """Its builds as they are now."""
    return render(request, "images/part.html", _facts(request, _load(request, id)))


@page
def build(request: PageRequest, id: str, containers: Containers) -> HttpResponse:
    """Build it as it is defined now; a GET asks what shall differ."""
    image = _load(request, id)
    require(request.actor, Action.BUILD, image.project)
    form = BuildForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        ask = partial(services.request_build, actor=request.actor, image=image, containers=containers)
        queued = form.attempt(lambda: ask(**form.carried()))
        if queued is not None:
            return redirect("build", queued.id)
    here = reverse("image", args=[id])
    facts = {"title": f"Build {image.slug}", "form": form, "say": "Build", "back": here}
    facts["lead"] = "Empty fields mean: as it is defined."
    facts["crumbs"] = [
        *way_to(image.project),
        (reverse("images", args=[image.project_id]), "Images"),
        (here, image.slug),
    ]
    return render(request, "parts/form_page.html", facts, status=form.status)


@verb
def delete(request: PageRequest, id: str, users: Users) -> HttpResponse:
    """Delete it with its builds and their logs."""
    image = _load(request, id)
    services.delete_image(actor=request.actor, image=image, users=users)
    messages.success(request, f"Image {image.slug} is deleted.")
    return redirect("images", image.project_id)


def _after(request: PageRequest, image: Image, containers: Containers) -> HttpResponse:
    """Saved: to its page, or straight to a build when that button was pressed."""
    if "build" not in request.POST:
        return redirect("image", image.id)
    return redirect("build", services.request_build(actor=request.actor, image=image, containers=containers).id)


def _wanted(request: PageRequest) -> dict[str, str] | None:
    """What the page of uploads says that an image shall be defined by: to build from, or saved."""
    upload = request.GET.get("upload")
    if upload is None:
        return None
    is_saved = request.GET.get("kind") == "saved"
    return {"kind": "saved", "saved_upload": upload} if is_saved else {"kind": "archive", "upload": upload}


def _uploads(project: Project) -> list[Upload]:
    return list(Upload.objects.ready().filter(project=project)[:UPLOADS_OFFERED])


def _load(request: PageRequest, id: str) -> Image:
    return find(Image.objects.visible_to(request.actor).select_related("project__team"), id)


def _facts(request: PageRequest, image: Image) -> dict[str, Any]:
    rows = Build.objects.filter(image=image).select_related("host").defer("layers", "definition")
    builds = may(request.actor, Action.BUILD, image.project)
    return {
        "image": image,
        "project": image.project,
        "offer": offer(image, {"source": image.source, "build": image.build}) if builds else None,
        "rows": Paginator(rows.order_by("-number"), BUILDS_A_PAGE).get_page(request.GET.get("page")),
        "defines": may(request.actor, Action.DEFINE, image.project),
        "builds": builds,
    }
