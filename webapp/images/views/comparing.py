"""The page of two builds side by side."""

from django.http import HttpResponse
from django.shortcuts import render

from webapp.images.insight.comparing import compare
from webapp.images.insight.showing import previous
from webapp.images.models import Build
from webapp.page import PageRequest, find, look

OTHERS = 50  # offered to choose from


@look
def show(request: PageRequest, id: str) -> HttpResponse:
    """How a build differs from the one before, or from another of its image."""
    build = find(Build.objects.visible_to(request.actor).select_related("image__project__team"), id)
    siblings = Build.objects.filter(image=build.image_id).exclude(id=build.id)
    named = request.GET.get("with", "")
    other = (siblings.filter(id=named).first() if named and named.isprintable() else None) or previous(build)
    shown = {
        "build": build,
        "image": build.image,
        "project": build.image.project,
        "other": other,
        "others": siblings.order_by("-number").values("id", "number", "state")[:OTHERS],
        "comparison": compare(other, build) if other is not None else None,
    }
    return render(request, "builds/comparison.html", shown)
