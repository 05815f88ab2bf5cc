"""REST of volumes and their backups."""

from typing import Any

import msgspec
from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.urls import URLPattern, path
from django.utils.timezone import now
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.rest.filtering import By
from webapp.rest.serializers import NothingSerializer, StrictSerializer
from webapp.rest.views import Awaited, Listed, RoomViewSet, Shown
from webapp.teams.policy import require
from webapp.volumes import rights, services
from webapp.volumes.download import GZIP, answer
from webapp.volumes.models import QUIESCE, STATES, UNDER_WAY, Backup, Volume
from webapp.volumes.services.deleting import MAX_KEPT
from webapp.volumes.using import Users


class VolumeShown(serializers.ModelSerializer[Volume]):
    """The data of one replica, or, with index 0, of all that share it. `active`: what containers mount; another was
    left by a restore or a move. `size` as its host counted last.
    """

    project = serializers.CharField(source="project_id")
    environment = serializers.CharField(source="environment_id")
    host = serializers.CharField(source="host.name")
    service = serializers.CharField(source="service_slug", help_text="Its short name; empty: shared.")
    removed = serializers.SerializerMethodField(help_text="Its host has it no more; its backups may be there.")

    class Meta:
        model = Volume
        fields = (
            "id", "project", "environment", "host", "name", "service", "index", "active", "size", "counted_at",
            "keep_backups", "removed", "created_at",
        )  # fmt: skip

    def get_removed(self, volume: Volume) -> bool:
        return volume.removed_at is not None


class BackupShown(serializers.ModelSerializer[Backup]):
    """`size` grows while the archive comes in; ready, `digest` is the sha256 of its bytes, and `tree` of what is in
    it: names, kinds, owners, modes, times, bytes.
    """

    volume = serializers.CharField(source="volume_id")
    log = serializers.CharField(source="log_id")
    state = serializers.ChoiceField(STATES)
    digest = serializers.SerializerMethodField()
    tree = serializers.SerializerMethodField()
    error = serializers.SerializerMethodField(help_text="What went wrong, in words; null when nothing did.")
    requested_by = serializers.CharField(source="requested_as")

    class Meta:
        model = Backup
        fields = (
            "id", "volume", "quiesce", "state", "size", "digest", "unpacked", "entries", "tree", "log", "requested_by",
            "created_at", "finished_at", "error",
        )  # fmt: skip

    def get_digest(self, backup: Backup) -> str | None:
        return backup.digest or None

    def get_tree(self, backup: Backup) -> str | None:
        return backup.tree or None

    def get_error(self, backup: Backup) -> str | None:
        return backup.problem["message"] if backup.problem else None


class ChangedVolume(StrictSerializer):
    keep_backups = serializers.IntegerField(min_value=1, max_value=MAX_KEPT, help_text="So many, the newest.")


class Deletion(StrictSerializer):
    name = serializers.CharField(help_text="The volume's name, typed once more.")


class NewBackup(StrictSerializer):
    quiesce = serializers.ChoiceField(
        QUIESCE, required=False, default="none", help_text="What those who have it do meanwhile."
    )


class Volumes(Listed, Shown, RoomViewSet):
    """Named volumes: what outlives containers."""

    serializer_class = VolumeShown
    users: Users | None = None  # told where the paths are made
    filters = {
        "project": By("project_id", kind="id"),
        "environment": By("environment_id", kind="id"),
        "host": By("host__name"),
        "service": By("service_slug"),
        "name": By("name"),
    }

    def rows(self) -> QuerySet[Volume]:
        rows = Volume.objects.visible_to(self.actor).select_related("project__team", "environment", "host")
        return rows.standing() if self.action == "list" else rows

    @extend_schema(request=ChangedVolume, responses=VolumeShown)
    def partial_update(self, request: Request, id: str) -> Response:
        """How many of its backups are kept."""
        count = self.body(ChangedVolume)["keep_backups"]
        services.keep_backups(actor=self.actor, volume=self.found(id), count=count)
        return self.shown(self.found(id))

    @extend_schema(request=Deletion, responses={202: VolumeShown})
    def deletion(self, request: Request, id: str) -> Response:
        """Have its host remove it with all that is in it. Refused while a replica has it."""
        name = self.body(Deletion)["name"]
        services.delete_volume(actor=self.actor, volume=self.found(id), name=name, users=self._told())
        return self.shown(self.found(id), status=202)

    def _told(self) -> Users:
        if self.users is None:
            raise TypeError("nobody told this view who has volumes")
        return self.users


class VolumeBackups(RoomViewSet):
    """The backups of one volume."""

    serializer_class = BackupShown
    users: Users | None = None

    def rows(self) -> QuerySet[Volume]:
        return Volume.objects.visible_to(self.actor).select_related("project__team", "environment", "host")

    @extend_schema(responses=BackupShown(many=True))
    def list(self, request: Request, id: str) -> Response:
        """A page of them, newest first."""
        page = self.paginate_queryset(Backup.objects.filter(volume=self.found(id)))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(request=NewBackup, responses={202: BackupShown})
    def create(self, request: Request, id: str) -> Response:
        """Have its host send what is in it here, as one archive with a checksum."""
        if self.users is None:
            raise TypeError("nobody told this view who has volumes")
        quiesce = self.body(NewBackup)["quiesce"]
        backup = services.back_up(actor=self.actor, volume=self.found(id), quiesce=quiesce, users=self.users)
        return self.shown(backup, status=202)


class Backups(Awaited, RoomViewSet):
    """One archive of a volume."""

    serializer_class = BackupShown
    terminal = frozenset(STATES) - frozenset(UNDER_WAY)

    def rows(self) -> QuerySet[Backup]:
        return Backup.objects.visible_to(self.actor).select_related(
            "volume__project__team", "volume__environment", "job"
        )

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, id: str) -> Response:
        """Let go of its archive."""
        services.remove_backup(actor=self.actor, backup=self.found(id), now=now())
        return Response(status=204)

    @extend_schema(request=NothingSerializer, responses={202: BackupShown})
    def cancellation(self, request: Request, id: str) -> Response:
        """Stop it while it is under way."""
        self.body(NothingSerializer)
        services.cancel_backup(actor=self.actor, backup=self.found(id), now=now())
        return self.shown(self.found(id), status=202)


class GzipRenderer(BaseRenderer):
    """Names the media type; the answer is a stream, which is not rendered."""

    media_type = GZIP
    format = "gzip"

    def render(self, data: Any, *args: Any, **kwargs: Any) -> bytes:
        return msgspec.json.encode(data)  # a refusal


class Archives(RoomViewSet):
    """The bytes of a backup."""

    renderer_classes = [JSONRenderer, GzipRenderer]
    serializer_class = BackupShown
    more_problems = (410, 416)

    def rows(self) -> QuerySet[Backup]:
        return Backup.objects.visible_to(self.actor).select_related("volume__project__team", "volume__environment")

    @extend_schema(
        parameters=[OpenApiParameter("Range", str, "header", description="One range of bytes, to go on with a part.")],
        responses={(200, GZIP): bytes, (206, GZIP): bytes},
    )
    def fetch(self, request: Request, id: str) -> HttpResponseBase:
        """The archive, or the part of it that `Range` names."""
        backup = self.found(id)
        require(self.actor, rights.reading(backup.volume.environment), backup.volume.project)
        return answer(backup, range_header=request.headers.get("Range", ""))


def urlpatterns(users: Users) -> list[URLPattern]:
    """The paths; `users` says who has the volumes."""
    told = {"users": users}
    return [
        path("volumes/", Volumes.as_view({"get": "list"}), name="api_volumes"),
        path("volumes/<id>/", Volumes.as_view({"get": "retrieve", "patch": "partial_update"}), name="api_volume"),
        path("volumes/<id>/deletion/", Volumes.as_view({"post": "deletion"}, **told), name="api_volume_deletion"),
        path(
            "volumes/<id>/backups/",
            VolumeBackups.as_view({"get": "list", "post": "create"}, **told),
            name="api_volume_backups",
        ),
        path("backups/<id>/", Backups.as_view({"get": "retrieve", "delete": "destroy"}), name="api_backup"),
        path("backups/<id>/cancellation/", Backups.as_view({"post": "cancellation"}), name="api_backup_cancellation"),
        path("backups/<id>/archive/", Archives.as_view({"get": "fetch"}), name="api_backup_archive"),
    ]
