"""Which images are fetched with a deploy key (`webapp.deploykeys.using.Users`)."""

from collections.abc import Sequence

from webapp.deploykeys.models import DeployKey
from webapp.deploykeys.using import Use
from webapp.images.models import Image


def users(key: DeployKey) -> Sequence[Use]:
    """Those of the key's project whose source names it."""
    found = Image.objects.filter(project=key.project_id, source__deploy_key=key.name).order_by("slug")
    return [Use(id=id, slug=slug) for id, slug in found.values_list("id", "slug")]
