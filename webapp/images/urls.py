"""Paths of the pages of images and builds."""

from django.urls import path

from webapp.images.views import builds, images

urlpatterns = [
    path("projects/<str:id>/images/new/", images.new, name="image_new"),
    path("images/<str:id>/", images.show, name="image"),
    path("images/<str:id>/now/", images.part, name="image_part"),
    path("images/<str:id>/definition/", images.edit, name="image_edit"),
    path("images/<str:id>/deletion/", images.delete, name="image_delete"),
    path("images/<str:id>/build/", images.build, name="image_build"),
    path("builds/<str:id>/", builds.show, name="build"),
    path("builds/<str:id>/now/", builds.part, name="build_part"),
    path("builds/<str:id>/cancellation/", builds.cancel, name="build_cancel"),
    path("builds/<str:id>/retry/", builds.retry, name="build_retry"),
]
