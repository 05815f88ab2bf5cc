"""Which container an image is made of, for the room of images, which knows of none (`webapp.images.containers`)."""

from collections.abc import Mapping
from typing import Any

from runtime.contract import names
from webapp.deployments.models import Replica
from webapp.images.containers import Found
from webapp.images.models import Image
from webapp.problems import Conflicting
from webapp.snapshots.entering import require_container, require_entry
from webapp.teams.policy import Actor


def find_container(*, actor: Actor, image: Image, source: Mapping[str, Any]) -> Found:
    """See `Containers`: of a replica of the image's own project, and no later one than the source says."""
    rows = Replica.objects.filter(service__project=image.project_id)
    rows = rows.select_related("service__project__team", "environment", "release", "host")
    replica = rows.filter(id=source["replica"]).first()
    if replica is None or replica.desired == "gone" or source.get("container") not in (None, replica.container):
        raise Conflicting(
            code="build.container_gone",
            detail="The container that this image is made of is not there any more: a replica gets a new one with each "
            "deployment. Make an image of one that runs now, on the page of its replica.",
        )
    require_entry(actor, replica)
    require_container(replica)
    return Found(
        host=replica.host,
        container=replica.container,
        labels=labels_of(replica),
        base=replica.release.build_id,
        said=f"container {replica.container[:12]} of {name_of(replica)}",
    )


def labels_of(replica: Replica) -> dict[str, str]:
    """What its container bears, beside the instance's label, if it is this replica's."""
    return {
        names.LABEL_PROJECT: replica.service.project_id,
        names.LABEL_SERVICE: replica.service_id,
        names.LABEL_ENVIRONMENT: replica.environment_id,
        names.LABEL_REPLICA: replica.id,
    }


def name_of(replica: Replica) -> str:
    """The replica as people say it."""
    return f"{replica.service.slug} {replica.index} in {replica.environment.slug}"
