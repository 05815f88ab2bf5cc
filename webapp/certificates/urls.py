"""Paths of the pages of certificates."""

from django.urls import URLPattern, path

from webapp.certificates import views
from webapp.certificates.using import Users


def urlpatterns(users: Users) -> list[URLPattern]:
    """The paths; `users` says what is served with a certificate."""
    return [
        path("projects/<str:id>/certificates/", views.index, name="certificates"),
        path("certificates/<str:id>/deletion/", views.delete, {"users": users}, name="certificate_delete"),
    ]
