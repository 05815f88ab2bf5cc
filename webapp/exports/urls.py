"""Paths of the pages of exports."""

from django.urls import path

from webapp.exports import views

urlpatterns = [
    path("builds/<str:id>/exports/", views.index, name="build_exports"),
    path("builds/<str:id>/exports/now/", views.part, name="build_exports_part"),
    path("exports/<str:id>/cancellation/", views.cancel, name="export_cancel"),
    path("exports/<str:id>/archive/", views.archive, name="export_archive"),
]
