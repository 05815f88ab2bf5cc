"""An earlier definition is taken again, as a new revision."""

from webapp.images.models import Image, ImageRevision
from webapp.images.services.defining import change_image
from webapp.teams.policy import Actor


def use_revision_again(*, actor: Actor, revision: ImageRevision, why: str = "") -> Image:
    """The image is defined as this revision was; nothing happens where it is already.

    Raises what `change_image` does: rules that are stricter now than then, too.
    """
    said = why or f"as revision {revision.number} was"
    return change_image(actor=actor, image=revision.image, source=revision.source, build=revision.build, why=said)
