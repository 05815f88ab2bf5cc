"""Keep the files of a replica's container as an image."""

from typing import Any

from django.db import transaction

from webapp.deployments.models import Replica
from webapp.images import services as images
from webapp.images.models import Build, Image
from webapp.snapshots.entering import require_container, require_entry
from webapp.snapshots.finding import find_container
from webapp.snapshots.models import Comparison
from webapp.teams.policy import Actor


def make_image(*, actor: Actor, replica: Replica, slug: str, author: str = "", message: str = "") -> Build:
    """A build of the image `slug`, made of the files of the replica's container as they are when its host gets to it.

    The image is defined if there is none of that name; one that is made of a container already is defined anew.
    Raises `Forbidden` (it takes the rights to enter, to define and to build), `Invalid`, `Conflicting` (no container,
    the name is another image's), `Unplannable` (its host is away).
    """
    require_entry(actor, replica)
    require_container(replica)
    with transaction.atomic():
        image = _image(actor, replica, slug, _source(replica, author or actor.label, message))
        return images.request_build(actor=actor, image=image, containers=find_container)


def _source(replica: Replica, author: str, message: str) -> dict[str, Any]:
    source: dict[str, Any] = {
        "kind": "container",
        "replica": replica.id,
        "container": replica.container,
        "base": replica.release.build_id,
        "author": author,
        "message": message,
    }
    seen = Comparison.objects.filter(replica=replica, container=replica.container, state="succeeded").first()
    if seen is not None:
        source["summary"] = {"added": seen.added, "changed": seen.changed, "deleted": seen.deleted}
    return source


def _image(actor: Actor, replica: Replica, slug: str, source: dict[str, Any]) -> Image:
    project = replica.service.project
    known = Image.objects.filter(project=project, slug=slug).select_related("project__team").first()
    if known is None or known.source["kind"] != "container":
        return images.define_image(actor=actor, project=project, slug=slug, source=source)
    return images.change_image(actor=actor, image=known, source=source)
