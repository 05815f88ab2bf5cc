"""REST of certificates."""

from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet
from django.urls import URLPattern, path
from django.utils.timezone import now
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.certificates import services
from webapp.certificates.models import Certificate
from webapp.certificates.reading import MAX_BYTES
from webapp.certificates.using import Users
from webapp.checks import slug_pattern
from webapp.rest.filtering import By, narrowed
from webapp.rest.permissions import KnownWell
from webapp.rest.serializers import StrictSerializer
from webapp.rest.views import RoomViewSet, Shown, visible
from webapp.teams.models import Project


class CertificateShown(serializers.ModelSerializer[Certificate]):
    """What is public of it; its key nobody reads."""

    hosts = serializers.ListField(child=serializers.CharField(), help_text="Names that it is good for.")
    state = serializers.SerializerMethodField(
        help_text="good; soon: it ends within three weeks; expired; early: it does not count yet."
    )

    class Meta:
        model = Certificate
        fields = (
            "id", "project", "name", "hosts", "issuer", "fingerprint", "not_before", "not_after", "state", "brought_at",
            "created_at",
        )  # fmt: skip

    def get_state(self, certificate: Certificate) -> str:
        return certificate.state_at(now())


class NewCertificate(StrictSerializer):
    name = serializers.RegexField(
        slug_pattern(), max_length=40, trim_whitespace=False, help_text="One of this name is replaced."
    )
    chain = serializers.CharField(max_length=MAX_BYTES, help_text="As PEM, one's own first, then what issued it.")
    key = serializers.CharField(max_length=MAX_BYTES, write_only=True, help_text="As PEM, without a password.")


class ProjectCertificates(RoomViewSet):
    """The certificates that a project's host names are served with where TLS is `own`."""

    serializer_class = CertificateShown
    permission_classes = [KnownWell]
    filters = {"name": By("name")}

    def rows(self) -> QuerySet[Certificate]:
        return Certificate.objects.visible_to(self.actor)

    @extend_schema(responses=CertificateShown(many=True))
    def list(self, request: Request, id: str) -> Response:
        """A page of the project's certificates, newest first."""
        rows = self.rows().filter(project=self._project(id))
        page = self.paginate_queryset(narrowed(rows, request.query_params, self.filters))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(request=NewCertificate, responses={201: CertificateShown})
    def create(self, request: Request, id: str) -> Response:
        """Bring a certificate with its key. Hosts that serve with one of its name get the new one."""
        body = self.body(NewCertificate)
        made = services.bring_certificate(actor=self.actor, project=self._project(id), now=now(), **body)
        return self.shown(made, status=201)

    def _project(self, id: str) -> Project:
        return visible(Project.objects.visible_to(self.actor).select_related("team"), id)


class Certificates(Shown, RoomViewSet):
    """One certificate."""

    serializer_class = CertificateShown
    permission_classes = [KnownWell]
    users: Users | None = None  # told where the paths are made

    def rows(self) -> QuerySet[Certificate]:
        return Certificate.objects.visible_to(self.actor).select_related("project__team")

    @extend_schema(request=None, responses={204: None})
    def destroy(self, request: Request, id: str) -> Response:
        """Delete it with its key, unless something would be served with none."""
        if self.users is None:
            raise ImproperlyConfigured("what is served with a certificate is told where the paths are made")
        services.delete_certificate(actor=self.actor, certificate=self.found(id), users=self.users)
        return Response(status=204)


def urlpatterns(users: Users) -> list[URLPattern]:
    """The paths; `users` says what is served with a certificate."""
    return [
        path(
            "projects/<id>/certificates/",
            ProjectCertificates.as_view({"get": "list", "post": "create"}),
            name="api_project_certificates",
        ),
        path(
            "certificates/<id>/",
            Certificates.as_view({"get": "retrieve", "delete": "destroy"}, users=users),
            name="api_certificate",
        ),
    ]
