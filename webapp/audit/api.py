"""REST of the trail: read-only."""

from typing import Any

from django.db.models import QuerySet
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.audit import services
from webapp.audit.models import Entry
from webapp.rest.filtering import By
from webapp.rest.permissions import KnownWell
from webapp.rest.views import Listed, RoomView, RoomViewSet, Shown, visible
from webapp.teams.policy import require_site_admin


class EntryShown(serializers.ModelSerializer[Entry]):
    id = serializers.CharField(source="number", help_text="The entry's number in the chain.")
    team = serializers.CharField(source="team_id")
    project = serializers.CharField(source="project_id")
    token = serializers.CharField(source="token_id")
    before = serializers.DictField(allow_null=True)
    after = serializers.DictField(allow_null=True)

    class Meta:
        model = Entry
        fields = (
            "id",
            "at",
            "actor",
            "actor_id",
            "token",
            "team",
            "project",
            "action",
            "target_type",
            "target_id",
            "target",
            "outcome",
            "reason",
            "count",
            "ip",
            "request_id",
            "before",
            "after",
            "hash",
        )


class VerificationShown(serializers.Serializer[Any]):
    ok = serializers.BooleanField()
    entries = serializers.IntegerField()
    broken_at = serializers.IntegerField(allow_null=True, help_text="The first entry that does not fit.")
    hash = serializers.CharField(help_text="The last link that fits. Keep it elsewhere, to compare.")


class Entries(Listed, Shown, RoomViewSet):
    """Who did what to what, when, from where."""

    serializer_class = EntryShown
    permission_classes = [KnownWell]
    page_ordering = ("-number",)
    filters = {
        "actor": By("actor"),
        "action": By("action"),
        "outcome": By("outcome", choices=("done", "refused")),
        "target_type": By("target_type"),
        "target": By("target_id", about="The id of what was acted on."),
        "team": By("team_id", kind="id"),
        "project": By("project_id", kind="id"),
        "from": By("at__gte", kind="time"),
        "to": By("at__lt", kind="time"),
    }

    def rows(self) -> QuerySet[Entry]:
        return Entry.objects.visible_to(self.actor)

    def found(self, id: str) -> Entry:
        known = id.isascii() and id.isdecimal() and len(id) < len(str(2**63))
        return visible(self.rows(), id if known else "0", field="number")


class VerificationView(RoomView):
    """Whether the chain is whole; for site admins, since it walks everybody's entries."""

    permission_classes = [KnownWell]

    @extend_schema(responses={200: VerificationShown})
    def get(self, request: Request) -> Response:
        """Walk the whole chain."""
        require_site_admin(self.actor)
        return Response(VerificationShown(services.verify()).data)


urlpatterns = [
    path("audit/", Entries.as_view({"get": "list"}), name="audit-list"),
    path("audit/verification/", VerificationView.as_view(), name="audit-verification"),
    path("audit/<str:id>/", Entries.as_view({"get": "retrieve"}), name="audit-detail"),
]
