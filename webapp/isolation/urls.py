"""Paths of the pages of isolation profiles."""

from django.urls import URLPattern, path

from webapp.isolation import views
from webapp.isolation.using import Users


def urlpatterns(users: Users) -> list[URLPattern]:
    """The paths; `users` says who uses a profile."""
    return [
        path("isolation/", views.index, name="isolation_profiles"),
        path("isolation/new/", views.new, name="isolation_profile_new"),
        path("isolation/<str:id>/", views.show, {"users": users}, name="isolation_profile"),
        path("isolation/<str:id>/default/", views.default, name="isolation_profile_default"),
        path("isolation/<str:id>/deletion/", views.delete, {"users": users}, name="isolation_profile_delete"),
    ]
