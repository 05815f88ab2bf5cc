"""Paths of the pages of environments and secrets."""

from django.urls import path

from webapp.environments import views

urlpatterns = [
    path("projects/<str:id>/environments/", views.index, name="environments"),
    path("projects/<str:id>/environments/new/", views.new, name="environment_new"),
    path("projects/<str:id>/secrets/", views.secrets, name="secrets"),
    path("environments/<str:id>/", views.show, name="environment"),
    path("environments/<str:id>/variables/", views.variables, name="environment_variables"),
    path("environments/<str:id>/deletion/", views.delete, name="environment_delete"),
    path("secrets/<str:id>/retirement/", views.retire, name="secret_retire"),
]
