"""Paths of the pages of retention."""

from django.urls import path

from webapp.retention import views

urlpatterns = [
    path("projects/<str:id>/retention/", views.of_project, name="retention"),
    path("projects/<str:id>/retention/run/", views.run_project, name="retention_run"),
    path("projects/<str:id>/retention/clear/", views.clear_project, name="retention_clear"),
    path("images/<str:id>/retention/", views.of_image, name="image_retention"),
    path("images/<str:id>/retention/run/", views.run_image, name="image_retention_run"),
    path("images/<str:id>/retention/clear/", views.clear_image, name="image_retention_clear"),
]
