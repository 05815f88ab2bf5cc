"""Destinations and pushes as the API says and hears them."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from runtime.contract.tagging import MAX_TEMPLATE, MAX_TEMPLATES, PLACEHOLDERS
from webapp.images.models import Destination, Push
from webapp.images.services.destinations import MAX_DESTINATIONS, MAX_REPOSITORY
from webapp.rest.serializers import StrictSerializer

TAGS: dict[str, Any] = {
    "type": "array",
    "minItems": 1,
    "maxItems": MAX_TEMPLATES,
    "items": {"type": "string", "maxLength": MAX_TEMPLATE},
    "description": "Templates of tags, with " + " ".join(f"{{{name}}}" for name in PLACEHOLDERS) + ".",
}
DESTINATIONS: dict[str, Any] = {
    "type": "array",
    "maxItems": MAX_DESTINATIONS,
    "description": "Where builds are pushed. The first counts: its failure fails the build; the others are mirrors.",
    "items": {
        "type": "object",
        "required": ["registry"],
        "additionalProperties": False,
        "properties": {
            "registry": {"type": "string", "description": "Id of a registry of the project or its team."},
            "repository": {
                "type": "string",
                "maxLength": MAX_REPOSITORY,
                "description": "Within the registry; by default its prefix and the image's short name.",
            },
            "tags": {**TAGS, "default": ["{number}"]},
        },
    },
}


@extend_schema_field(DESTINATIONS)
class DestinationsField(serializers.ListField):
    """Checked by `images.services.destinations`, the one validator."""

    child = serializers.DictField()


class DestinationShown(serializers.ModelSerializer[Destination]):
    registry = serializers.CharField(source="registry_id")
    tags = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = Destination
        fields = ("registry", "repository", "tags")
        read_only_fields = fields


class PushProblemShown(serializers.Serializer[Any]):
    """Why it did not get there: whose fault it is, and what to do."""

    code = serializers.CharField()
    message = serializers.CharField()
    advice = serializers.CharField()
    whose = serializers.ChoiceField(choices=["user", "host", "us"])
    retry_helps = serializers.BooleanField()


class PushShown(serializers.ModelSerializer[Push]):
    """One build on its way to one repository. `reference` pulls just these bytes: `docker pull REFERENCE`."""

    build = serializers.CharField(source="build_id")
    registry = serializers.CharField(source="registry_id", allow_null=True, help_text="Null: forgotten since.")
    templates = serializers.ListField(child=serializers.CharField(), help_text="Of the tags, as they were asked for.")
    tags = serializers.ListField(child=serializers.CharField(), help_text="Those that are there.")
    left_out = serializers.DictField(child=serializers.CharField(), help_text="Template to the reason.")
    digest = serializers.SerializerMethodField()
    reference = serializers.SerializerMethodField()
    log = serializers.SerializerMethodField(help_text="Of its own job; null where the build itself pushed.")
    requested_by = serializers.CharField(source="requested_as")
    error = serializers.SerializerMethodField()

    class Meta:
        model = Push
        fields = (
            "id", "build", "registry", "repository", "primary", "state", "templates", "tags", "left_out", "digest",
            "reference", "log", "requested_by", "created_at", "finished_at", "error",
        )  # fmt: skip
        read_only_fields = fields

    def get_digest(self, push: Push) -> str | None:
        return push.digest or None

    def get_reference(self, push: Push) -> str | None:
        return push.reference or None

    def get_log(self, push: Push) -> str | None:
        return push.job.log_id if push.job is not None else None

    @extend_schema_field(PushProblemShown(allow_null=True))
    def get_error(self, push: Push) -> Any:
        if push.problem is None:
            return None
        return {field: push.problem.get(field, "") for field in ("code", "message", "advice", "whose")} | {
            "retry_helps": bool(push.problem.get("retry_helps"))
        }


class NewPush(StrictSerializer):
    registry = serializers.CharField(min_length=1, max_length=64, trim_whitespace=False)
    repository = serializers.CharField(max_length=MAX_REPOSITORY, required=False, trim_whitespace=False)
    tags = serializers.ListField(
        child=serializers.CharField(max_length=MAX_TEMPLATE, trim_whitespace=False),
        required=False,
        min_length=1,
        max_length=MAX_TEMPLATES,
        help_text="Templates; by default the build's number.",
    )
