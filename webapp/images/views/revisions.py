"""Pages of an image's history: its revisions, one of them and how it differs, and taking it again."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render

from webapp.images import services
from webapp.images.insight.difference import changed_names, differ
from webapp.images.models import Build, Image, ImageRevision
from webapp.page import PageRequest, find, look, verb
from webapp.teams.policy import Action, may

A_PAGE = 25
MAX_NAMED = 4  # of what changed, in a row
MAX_BUILDS = 12
MAX_OTHERS = 200


@look
def history(request: PageRequest, id: str) -> HttpResponse:
    """Every revision: who, when, why, and what changed."""
    image = find(Image.objects.visible_to(request.actor).select_related("project__team"), id)
    rows = Paginator(image.revisions.all(), A_PAGE).get_page(request.GET.get("page"))
    shown = {"image": image, "project": image.project, "rows": rows, "changed": _changed(list(rows.object_list))}
    return render(request, "images/history.html", shown)


@look
def show(request: PageRequest, id: str) -> HttpResponse:
    """One revision: how it differs from the one before or from another, and its whole definition."""
    revision = _load(request, id)
    before = revision.sibling(request.GET.get("with", "")) or revision.before()
    builds = Build.objects.filter(image=revision.image, revision=revision.number).defer("definition", "layers")
    others = revision.image.revisions.exclude(id=revision.id).values_list("number", flat=True)
    shown = {
        "revision": revision,
        "image": revision.image,
        "project": revision.image.project,
        "before": before,
        "others": others[:MAX_OTHERS],
        "difference": differ(before.definition, revision.definition) if before is not None else None,
        "builds": builds.order_by("-number")[:MAX_BUILDS],
        "current": revision.number == revision.image.revision,
        "defines": may(request.actor, Action.DEFINE, revision.image.project),
    }
    return render(request, "images/revision.html", shown)


@verb
def reuse(request: PageRequest, id: str) -> HttpResponse:
    """The image is defined as it was then."""
    revision = _load(request, id)
    image = services.use_revision_again(actor=request.actor, revision=revision)
    messages.success(request, f"{image.slug} is defined as in revision {revision.number}: revision {image.revision}.")
    return redirect("image", image.id)


def _load(request: PageRequest, id: str) -> ImageRevision:
    return find(ImageRevision.objects.visible_to(request.actor).select_related("image__project__team"), id)


def _changed(revisions: list[ImageRevision]) -> dict[str, str]:
    """What each of them changed, by its id; the last one is compared with the one that is not on this page."""
    found = {}
    for at, revision in enumerate(revisions):
        before = revisions[at + 1] if at + 1 < len(revisions) else revision.before()
        if before is None:
            found[revision.id] = "the first" if revision.number == 1 else "the first that is kept"
            continue
        names = changed_names(before.definition, revision.definition)
        more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
        found[revision.id] = ", ".join(names[:MAX_NAMED]) + more
    return found
