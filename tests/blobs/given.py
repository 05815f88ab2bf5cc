"""Uploads as tests bring them."""

import io
from typing import Any

from django.conf import settings
from django.utils.timezone import now

from tests.cast import Cast
from tests.contract.packing import GOOD, tar_gz
from webapp.blobs.models import Upload
from webapp.blobs.services import receive_upload

DATA = tar_gz(GOOD)


def bring(cast: Cast, data: bytes = DATA, *, who: str = "developer", **more: Any) -> Upload:
    """By the verb, as in life."""
    given: dict[str, Any] = {
        "project": cast.project,
        "name": "shop.tar.gz",
        "now": now(),
        "read": io.BytesIO(data).read,
    } | more
    upload, _ = receive_upload(actor=cast.actor(who), **given)
    return upload


def on_disk() -> list[str]:
    """Every file of the room."""
    root = settings.BLOBS_DIR
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())
