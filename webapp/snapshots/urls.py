"""Paths of the pages of a replica's files."""

from django.urls import path

from webapp.snapshots import views

urlpatterns = [
    path("replicas/<str:id>/files/", views.files, name="replica_files"),
    path("replicas/<str:id>/files/now/", views.part, name="replica_files_part"),
    path("replicas/<str:id>/image/", views.image, name="replica_image"),
    path("replicas/<str:id>/files/look/", views.compare, name="replica_compare"),
]
