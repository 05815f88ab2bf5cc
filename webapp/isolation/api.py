"""REST of isolation profiles: everybody sees them, since teams pick among them; a site admin defines them."""

from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet
from django.urls import URLPattern, path
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.checks import slug_pattern
from webapp.isolation import services
from webapp.isolation.definition import ALLOWS, LIMITS, MAX_TITLE, SETS
from webapp.isolation.models import Profile
from webapp.isolation.using import Users
from webapp.rest.filtering import By
from webapp.rest.serializers import StrictSerializer
from webapp.rest.views import Listed, RoomViewSet, Shown
from webapp.teams.policy import require_site_admin


@extend_schema_field(SETS)
class SetsField(serializers.JSONField):
    """What containers are given."""


@extend_schema_field(ALLOWS)
class AllowsField(serializers.JSONField):
    """What services may ask for beyond."""


@extend_schema_field(LIMITS)
class CeilingsField(serializers.JSONField):
    """The highest of some limits."""


class ProfileShown(serializers.ModelSerializer[Profile]):
    """A profile with its values."""

    sets = SetsField()
    allows = AllowsField()
    ceilings = CeilingsField()

    class Meta:
        model = Profile
        fields = ("id", "slug", "title", "is_default", "sets", "allows", "ceilings", "created_at")


class NewProfile(StrictSerializer):
    slug = serializers.RegexField(slug_pattern(), max_length=40, trim_whitespace=False)
    title = serializers.CharField(max_length=MAX_TITLE, trim_whitespace=False)
    sets = SetsField(required=False, help_text="What is left out is nothing.")
    allows = AllowsField(required=False, help_text="Beyond what is set.")
    ceilings = CeilingsField(required=False)


class ProfileChange(StrictSerializer):
    title = serializers.CharField(max_length=MAX_TITLE, trim_whitespace=False, required=False)
    sets = SetsField(required=False, help_text="As a whole.")
    allows = AllowsField(required=False, help_text="As a whole.")
    ceilings = CeilingsField(required=False, help_text="As a whole.")
    is_default = serializers.ChoiceField(
        choices=[True], required=False, help_text="true makes it the default, and no other."
    )


class Profiles(Listed, Shown, RoomViewSet):
    """How far containers reach."""

    serializer_class = ProfileShown
    filters = {"slug": By("slug"), "is_default": By("is_default", kind="flag")}
    users: Users | None = None  # told where the paths are made

    def rows(self) -> QuerySet[Profile]:
        return Profile.objects.all()

    @extend_schema(request=NewProfile, responses={201: ProfileShown})
    def create(self, request: Request) -> Response:
        """Define a profile that services may name from now on."""
        require_site_admin(self.actor)
        return self.shown(services.define_profile(actor=self.actor, **self.body(NewProfile)), status=201)

    @extend_schema(request=ProfileChange, responses=ProfileShown)
    def partial_update(self, request: Request, id: str) -> Response:
        """Change what is given. What runs goes on as it was frozen; the next deployment meets it."""
        profile = self.found(id)
        require_site_admin(self.actor)
        body = self.body(ProfileChange)
        default = body.pop("is_default", False)
        changed = services.change_profile(actor=self.actor, profile=profile, **body)
        return self.shown(services.make_default(actor=self.actor, profile=changed) if default else changed)

    @extend_schema(request=None, responses={204: None})
    def destroy(self, request: Request, id: str) -> Response:
        """Delete it, unless it is the default or a service uses it."""
        if self.users is None:
            raise ImproperlyConfigured("who uses a profile is told where the paths are made")
        services.delete_profile(actor=self.actor, profile=self.found(id), users=self.users)
        return Response(status=204)


def urlpatterns(users: Users) -> list[URLPattern]:
    """The paths; `users` says who uses a profile."""
    return [
        path(
            "isolation-profiles/",
            Profiles.as_view({"get": "list", "post": "create"}),
            name="api_isolation_profiles",
        ),
        path(
            "isolation-profiles/<id>/",
            Profiles.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}, users=users),
            name="api_isolation_profile",
        ),
    ]
