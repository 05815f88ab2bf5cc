"""Paths of the pages of environments and secrets."""

from django.urls import URLPattern, path

from webapp.environments import views
from webapp.environments.reached import Routes


def urlpatterns(routes: Routes) -> list[URLPattern]:
    """The paths; `routes` says what is reached by name."""
    told = {"routes": routes}
    return [
        path("projects/<str:id>/environments/", views.index, name="environments"),
        path("projects/<str:id>/environments/new/", views.new, name="environment_new"),
        path("projects/<str:id>/secrets/", views.secrets, name="secrets"),
        path("environments/<str:id>/", views.show, told, name="environment"),
        path("environments/<str:id>/variables/", views.variables, told, name="environment_variables"),
        path("environments/<str:id>/deletion/", views.delete, name="environment_delete"),
        path("secrets/<str:id>/retirement/", views.retire, name="secret_retire"),
    ]
