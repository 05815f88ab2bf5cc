"""What an image is told to say of itself: whose build it is, and in words that every tool reads where it comes from.

The host adds what only it knows (the commit, the time) and leaves title and version to a Dockerfile that says them:
`runtime.procedures.build_labels`.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse

from runtime.contract import names
from webapp.images.models import Image

ONLY_HERE = ("localhost", "127.0.0.1", "::1", "0.0.0.0")  # noqa: S104 - compared with, not listened at


def labels_of(
    image: Image,
    *,
    source: Mapping[str, Any],
    build: str,
    number: int,
    revision: int,
    trigger: Mapping[str, str] | None,
) -> dict[str, str]:
    """The labels of one build. Of what comes from no repository the revision is the definition's number."""
    labels = {
        names.LABEL_PROJECT: image.project_id,
        names.LABEL_BUILD: build,
        names.OCI_TITLE: image.slug,
        names.OCI_VERSION: (trigger or {}).get("tag") or str(number),
    }
    url = source.get("url") or _page_of(image)
    if url:
        labels[names.OCI_SOURCE] = url
    if source["kind"] != "git":
        labels[names.OCI_REVISION] = str(revision)
    return labels


def _page_of(image: Image) -> str:
    """Where the definition is written, if others than this machine reach it there."""
    address: str = settings.PUBLIC_URL
    if (urlsplit(address).hostname or "localhost") in ONLY_HERE:
        return ""
    return address + reverse("image", args=[image.id])
