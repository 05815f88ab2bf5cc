"""The REST API of images, their builds, pushes and revisions."""

from webapp.images.api.images import urlpatterns

__all__ = ["urlpatterns"]
