"""Paths of the pages of deploy keys."""

from django.urls import URLPattern, path

from webapp.deploykeys import views
from webapp.deploykeys.using import Users


def urlpatterns(users: Users) -> list[URLPattern]:
    """The paths; `users` says what is fetched with a key."""
    return [
        path("projects/<str:id>/deploy-keys/", views.index, name="deploy_keys"),
        path("deploy-keys/<str:id>/", views.show, {"users": users}, name="deploy_key"),
        path("deploy-keys/<str:id>/deletion/", views.delete, {"users": users}, name="deploy_key_delete"),
    ]
