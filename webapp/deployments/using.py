"""Which services need an image, for its page and for the one who would delete it (`webapp.images.using.Users`)."""

from collections.abc import Sequence

from webapp.deployments.models import Release, Service
from webapp.images.models import Image
from webapp.images.using import Use


def users(image: Image) -> Sequence[Use]:
    """Those that are defined with it, and those of which a release names a build of it."""
    released = Release.objects.filter(build__image=image).values("service")
    rows = Service.objects.filter(image=image) | Service.objects.filter(id__in=released)
    found = rows.order_by("slug").values_list("id", "slug", "image_id")
    return [Use(id=id, slug=slug, runs=image_id == image.id) for id, slug, image_id in found]
