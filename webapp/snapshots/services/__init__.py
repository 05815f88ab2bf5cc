"""A replica's files as verbs: look what changed, keep them as an image."""

from webapp.snapshots.services.committing import make_image
from webapp.snapshots.services.comparing import compare

__all__ = ["compare", "make_image"]
