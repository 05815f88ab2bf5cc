"""The history of a definition: what it was, since when, by whom."""

from datetime import datetime

from webapp.images.models import Image, ImageRevision
from webapp.problems import Invalid
from webapp.teams.policy import Actor

MAX_REVISIONS = 200  # of one image; older ones go, and what was built from them keeps its own copy
MAX_WHY = 200


def keep_revision(*, actor: Actor, image: Image, now: datetime, why: str = "") -> ImageRevision:
    """The image's definition as it is, under its number; inside the transaction of the verb that made it so."""
    revision = ImageRevision.objects.create(
        image=image,
        number=image.revision,
        source=image.source,
        build=image.build,
        why=why,
        made_by=actor.user,
        made_as=actor.label,
        made_at=now,
    )
    image.revisions.filter(number__lte=image.revision - MAX_REVISIONS).delete()
    return revision


def clean_why(why: str) -> str:
    """One line for the history. Raises `Invalid`."""
    text = why.strip()
    if len(text) > MAX_WHY or not text.isprintable():
        raise Invalid({"why": [f"One line of at most {MAX_WHY} characters."]})
    return text
