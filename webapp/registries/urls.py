"""Paths of the pages of registries."""

from django.urls import path

from webapp.registries import views

urlpatterns = [
    path("projects/<str:id>/registries/", views.index, name="registries"),
    path("registries/<str:id>/", views.show, name="registry"),
    path("registries/<str:id>/content/", views.content, name="registry_content"),
    path("registries/<str:id>/check/", views.check, name="registry_check"),
    path("registries/<str:id>/removal/", views.remove, name="registry_remove"),
]
