"""Paths of the pages of volumes."""

from django.urls import URLPattern, path

from webapp.volumes import views
from webapp.volumes.using import Users


def urlpatterns(users: Users) -> list[URLPattern]:
    """The pages; `users` says who has the volumes that they show."""
    told = {"users": users}
    return [
        path("projects/<str:id>/volumes/", views.index, told, name="volumes"),
        path("volumes/<str:id>/", views.show, told, name="volume"),
        path("volumes/<str:id>/backups/", views.part, told, name="volume_part"),
        path("volumes/<str:id>/keeping/", views.keep, name="volume_keep"),
        path("volumes/<str:id>/deletion/", views.delete, told, name="volume_delete"),
        path("backups/<str:id>/cancellation/", views.cancel, name="backup_cancel"),
        path("backups/<str:id>/archive/", views.archive, name="backup_archive"),
    ]
