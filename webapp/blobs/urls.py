"""Paths of the pages of uploads."""

from django.urls import URLPattern, path

from webapp.blobs import views
from webapp.blobs.using import Users


def urlpatterns(users: Users) -> list[URLPattern]:
    """The paths; `users` says what is built from an upload."""
    told = {"users": users}
    return [
        path("projects/<str:id>/uploads/", views.index, told, name="uploads"),
        path("uploads/<str:id>/deletion/", views.delete, told, name="upload_delete"),
    ]
