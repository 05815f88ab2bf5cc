"""What is read and shown of hooks and their deliveries."""

from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from webapp.checks import slug_pattern
from webapp.hooks.events import KINDS
from webapp.hooks.models import Delivery, Hook
from webapp.hooks.services.defining import MAX_PATTERN
from webapp.rest.serializers import StrictSerializer, patterns_field


def address_of(request: Any, hook: Hook) -> str:
    """Where the hook's sender sends to."""
    return str(request.build_absolute_uri(reverse("hook_deliver", args=[hook.id])))


class HookShown(serializers.ModelSerializer[Hook]):
    """Everything but the secret."""

    image = serializers.CharField(source="image_id")
    project = serializers.CharField(source="image.project_id")
    url = serializers.SerializerMethodField(help_text="Where the sender sends to.")
    branches = serializers.ListField(child=serializers.CharField())
    tags = serializers.ListField(child=serializers.CharField())
    paths = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = Hook
        fields: tuple[str, ...] = (
            "id", "project", "image", "name", "kind", "url", "branches", "tags", "paths", "enabled", "secret_at",
            "created_at",
        )  # fmt: skip

    def get_url(self, hook: Hook) -> str:
        return address_of(self.context["request"], hook)


class HookMade(HookShown):
    """As `HookShown`, with the secret: this once."""

    secret = serializers.SerializerMethodField()

    class Meta(HookShown.Meta):
        fields = (*HookShown.Meta.fields, "secret")

    def get_secret(self, hook: Hook) -> str:
        secret: str = self.context["secret"]
        return secret


BRANCHES = "Patterns such as main or release/*; * also fits /. None: no branch builds. Default: every branch."
TAGS = "Patterns such as v*. None, the default: no tag builds."
PATHS = "Build a branch only if a changed path fits one of these. None, the default: whatever was changed."


class NewHook(StrictSerializer):
    image = serializers.CharField(min_length=1, max_length=64, trim_whitespace=False)
    name = serializers.RegexField(slug_pattern(), max_length=40, trim_whitespace=False)
    kind = serializers.ChoiceField(choices=KINDS)
    branches = patterns_field(BRANCHES, longest=MAX_PATTERN)
    tags = patterns_field(TAGS, longest=MAX_PATTERN)
    paths = patterns_field(PATHS, longest=MAX_PATTERN)
    enabled = serializers.BooleanField(required=False)


class HookChange(StrictSerializer):
    branches = patterns_field(BRANCHES, longest=MAX_PATTERN)
    tags = patterns_field(TAGS, longest=MAX_PATTERN)
    paths = patterns_field(PATHS, longest=MAX_PATTERN)
    enabled = serializers.BooleanField(required=False)


class DeliveryRow(serializers.ModelSerializer[Delivery]):
    """A delivery in a list; `status` is what its sender was answered."""

    hook = serializers.CharField(source="hook_id")
    build = serializers.CharField(source="build_id", allow_null=True)
    redelivery_of = serializers.CharField(source="redelivery_of_id", allow_null=True)

    class Meta:
        model = Delivery
        fields: tuple[str, ...] = ("id", "hook", "event", "status", "reason", "build", "redelivery_of", "created_at")


class DeliveryShown(DeliveryRow):
    """With what was sent, signatures and secrets left out."""

    headers = serializers.DictField(child=serializers.CharField())
    push = serializers.SerializerMethodField()

    class Meta(DeliveryRow.Meta):
        fields = (*DeliveryRow.Meta.fields, "push", "headers", "body")

    @extend_schema_field({"type": ["object", "null"]})
    def get_push(self, delivery: Delivery) -> Any:
        return delivery.push
