"""What the room of uploads is told by this one: which images, and which builds still to run, are made from which."""

from collections.abc import Sequence

from runtime.contract import states
from webapp.blobs.models import Upload
from webapp.blobs.using import Use
from webapp.images.models import Build, Image


def users(uploads: Sequence[Upload]) -> dict[str, list[Use]]:
    """By the upload's id: images by their name, once each."""
    ids = [upload.id for upload in uploads]
    defined = Image.objects.filter(source__upload__in=ids).values_list("source__upload", "id", "slug")
    waiting = Build.objects.filter(definition__source__upload__in=ids)
    waiting = waiting.exclude(state__in=states.terminal_states(states.BUILD))
    building = waiting.values_list("definition__source__upload", "image_id", "image__slug")
    found: dict[str, dict[str, Use]] = {}
    for upload, image, slug in [*defined, *building]:
        found.setdefault(upload, {})[image] = Use(id=image, slug=slug)
    return {upload: sorted(uses.values(), key=lambda use: use.slug) for upload, uses in found.items()}
