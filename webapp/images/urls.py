"""Paths of the pages of images and builds."""

from django.urls import URLPattern, path

from webapp.images.containers import Containers
from webapp.images.using import Users
from webapp.images.views import builds, comparing, images, pushes, revisions


def urlpatterns(users: Users, containers: Containers) -> list[URLPattern]:
    """The pages; `users` says what needs the images that they show, `containers` what one may be made of."""
    told = {"users": users}
    made = {"containers": containers}
    return [
        path("projects/<str:id>/images/", images.index, name="images"),
        path("projects/<str:id>/images/new/", images.new, made, name="image_new"),
        path("images/<str:id>/", images.show, told, name="image"),
        path("images/<str:id>/now/", images.part, name="image_part"),
        path("images/<str:id>/definition/", images.edit, made, name="image_edit"),
        path("images/<str:id>/deletion/", images.delete, told, name="image_delete"),
        path("images/<str:id>/build/", images.build, made, name="image_build"),
        path("images/<str:id>/history/", revisions.history, name="image_history"),
        path("image-revisions/<str:id>/", revisions.show, name="image_revision"),
        path("image-revisions/<str:id>/reuse/", revisions.reuse, name="image_revision_reuse"),
        path("builds/<str:id>/", builds.show, name="build"),
        path("builds/<str:id>/comparison/", comparing.show, name="build_comparison"),
        path("builds/<str:id>/now/", builds.part, name="build_part"),
        path("builds/<str:id>/cancellation/", builds.cancel, name="build_cancel"),
        path("builds/<str:id>/retry/", builds.retry, made, name="build_retry"),
        path("builds/<str:id>/front/", builds.front, name="build_front"),
        path("builds/<str:id>/move/", builds.move, name="build_move"),
        path("images/<str:id>/push/", pushes.destinations, name="image_push"),
        path("builds/<str:id>/push/", pushes.push, name="build_push"),
        path("pushes/<str:id>/cancellation/", pushes.cancel, name="push_cancel"),
        path("pushes/<str:id>/retry/", pushes.again, name="push_retry"),
    ]
