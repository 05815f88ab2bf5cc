"""Images and builds as the API says and hears them."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from webapp.images.api.push_bodies import DestinationsField, DestinationShown, PushShown
from webapp.images.models import Build, Image
from webapp.images.services.revisions import MAX_WHY
from webapp.images.sources import SCHEMA as SOURCES
from webapp.images.validation import DEFAULT_TIMEOUT, LONGEST_BUILD, MAX_SECRETS, SHORTEST_BUILD
from webapp.images.waiting import why_waiting
from webapp.jobs.services import queue_position
from webapp.rest.serializers import StrictSerializer

TEXTS: dict[str, Any] = {"type": "object", "additionalProperties": {"type": "string"}}
TEXT_OR_NULL: dict[str, Any] = {"type": ["string", "null"]}
BUILD: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "args": {**TEXTS, "description": "Stay readable in the image's history: no secrets."},
        "secrets": {
            **TEXTS,
            "maxProperties": MAX_SECRETS,
            "description": "Id of a mount (`RUN --mount=type=secret,id=…`) to the name of a secret with use `build`.",
        },
        "target": {**TEXT_OR_NULL, "description": "A stage of the Dockerfile."},
        "timeout": {
            "type": "integer",
            "minimum": SHORTEST_BUILD,
            "maximum": LONGEST_BUILD,
            "default": DEFAULT_TIMEOUT,
        },
        "no_cache": {"type": "boolean", "default": False},
        "cache": {"type": "boolean", "description": "The opposite of no_cache."},
        "dockerfile": {**TEXT_OR_NULL, "description": "Git only: its path, as in the source."},
    },
}

TRIGGER: dict[str, Any] = {
    "type": ["object", "null"],
    "required": ["kind", "hook", "branch", "tag", "commit", "author"],
    "properties": {
        "kind": {"const": "hook"},
        "hook": {"type": "string", "description": "Its id."},
        "branch": {"type": "string"},
        "tag": {"type": "string"},
        "commit": {"type": "string"},
        "author": {"type": "string"},
    },
}


@extend_schema_field(SOURCES)
class SourceField(serializers.DictField):
    """Checked by `images.validation`, the one validator."""


@extend_schema_field(BUILD)
class BuildSettingsField(serializers.DictField):
    """Checked by `images.validation`, the one validator."""


class NewImageSerializer(StrictSerializer):
    project = serializers.CharField()
    slug = serializers.CharField(trim_whitespace=False)
    source: Any = SourceField()
    build = BuildSettingsField(required=False)
    push = DestinationsField(required=False)


class ChangedImageSerializer(StrictSerializer):
    slug = serializers.CharField(required=False, trim_whitespace=False)
    source: Any = SourceField(required=False)
    build = BuildSettingsField(required=False)
    push = DestinationsField(required=False)
    why = serializers.CharField(
        required=False, allow_blank=True, max_length=MAX_WHY, help_text="One line, kept with the revision."
    )


class NewBuildSerializer(StrictSerializer):
    ref = serializers.CharField(required=False, allow_null=True, allow_blank=True, trim_whitespace=False)
    args = serializers.DictField(child=serializers.CharField(allow_blank=True, trim_whitespace=False), required=False)
    no_cache = serializers.BooleanField(required=False)
    reuse = serializers.BooleanField(
        required=False,
        help_text="Answer 200 with an earlier build of the same commit and definition that is still there, if there is "
        "one. A branch or tag is built always, for only a host knows its commit; so is `no_cache`.",
    )


class MovedBuildSerializer(StrictSerializer):
    host = serializers.CharField(min_length=1, max_length=64, trim_whitespace=False, help_text="A host's id.")


class ImageSerializer(serializers.ModelSerializer[Image]):
    project = serializers.CharField(source="project_id")
    source: Any = SourceField()
    build = BuildSettingsField()
    push = DestinationShown(source="destinations", many=True)

    class Meta:
        model = Image
        fields = ("id", "project", "slug", "source", "build", "push", "revision", "created_at")
        read_only_fields = fields


class StepSerializer(serializers.Serializer[Any]):
    """A named, timed part of the last attempt."""

    number = serializers.IntegerField()
    name = serializers.CharField()
    state = serializers.CharField()
    started_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    duration = serializers.SerializerMethodField(help_text="Seconds; null while it runs.")
    cached = serializers.BooleanField()
    first_line = serializers.IntegerField(allow_null=True)
    last_line = serializers.IntegerField(allow_null=True)
    detail = serializers.CharField()

    def get_duration(self, step: Any) -> float | None:
        return None if step.finished_at is None else (step.finished_at - step.started_at).total_seconds()


class LayerSerializer(serializers.Serializer[Any]):
    instruction = serializers.CharField()
    size = serializers.IntegerField()
    digest = serializers.CharField(allow_null=True)


class ErrorSerializer(serializers.Serializer[Any]):
    """Why it failed: whose fault it is, whether trying again helps, and the evidence."""

    code = serializers.CharField()
    message = serializers.CharField()
    advice = serializers.CharField()
    whose = serializers.ChoiceField(choices=["user", "host", "us"])
    retry_helps = serializers.BooleanField()
    evidence = serializers.ListField(child=serializers.CharField())
    step = serializers.IntegerField(allow_null=True)


def error_of(problem: dict[str, Any] | None, steps: list[Any]) -> dict[str, Any] | None:
    """A problem as it is told; without a step of its own it names the first that failed."""
    if problem is None:
        return None
    failed = next((step.number for step in steps if step.state == "failed"), None)
    told = {"advice": "", "retry_helps": False, "evidence": [], **problem}
    return {**told, "step": failed if problem.get("step") is None else problem["step"]}


class BuildRowSerializer(serializers.ModelSerializer[Build]):
    """A build in a list."""

    image = serializers.CharField(source="image_id")
    digest = serializers.SerializerMethodField()
    config_digest = serializers.SerializerMethodField()
    commit = serializers.SerializerMethodField()
    log = serializers.CharField(source="log_id")
    host = serializers.CharField(source="host.name")
    requested_by = serializers.CharField(source="requested_as")
    trigger = serializers.SerializerMethodField(help_text="What caused it where that was no person: a hook's event.")
    error = serializers.SerializerMethodField()

    class Meta:
        model = Build
        fields: tuple[str, ...] = (
            "id", "image", "number", "state", "revision", "digest", "config_digest", "commit", "size", "builder",
            "log", "host", "requested_by", "trigger", "created_at", "started_at", "finished_at", "expired_at",
            "error",
        )  # fmt: skip
        read_only_fields = fields

    def get_digest(self, build: Build) -> str | None:
        return build.digest or None

    def get_config_digest(self, build: Build) -> str | None:
        return build.config_digest or None

    def get_commit(self, build: Build) -> str | None:
        return build.commit or None

    @extend_schema_field(TRIGGER)
    def get_trigger(self, build: Build) -> Any:
        return build.trigger

    @extend_schema_field(ErrorSerializer(allow_null=True))
    def get_error(self, build: Build) -> dict[str, Any] | None:
        return error_of(build.problem, steps_of(build))


def steps_of(build: Build) -> list[Any]:
    """The steps of the build's last attempt."""
    return [step for step in build.job.steps.all() if step.attempt == build.job.attempt]


class BuildSerializer(BuildRowSerializer):
    """One build with its steps and layers. `queue_position` is 1 for the next one; null when it does not wait."""

    layers = LayerSerializer(many=True)
    pushes = PushShown(many=True)
    steps = serializers.SerializerMethodField()
    queue_position = serializers.SerializerMethodField()
    waits_for = serializers.SerializerMethodField(help_text="Why it waits, in sentences; empty when it does not.")
    definition = serializers.SerializerMethodField(help_text="What it was made from, as it was then.")

    class Meta(BuildRowSerializer.Meta):
        fields = (
            *BuildRowSerializer.Meta.fields,
            "layers",
            "pushes",
            "steps",
            "queue_position",
            "waits_for",
            "definition",
        )
        read_only_fields = fields

    @extend_schema_field(StepSerializer(many=True))
    def get_steps(self, build: Build) -> Any:
        return StepSerializer(steps_of(build), many=True).data

    def get_queue_position(self, build: Build) -> int | None:
        return queue_position(build.job)

    def get_waits_for(self, build: Build) -> list[str]:
        waiting = why_waiting(build) if build.state == "queued" else None
        return list(waiting.reasons) if waiting is not None else []

    @extend_schema_field({"type": "object", "properties": {"source": SOURCES, "build": BUILD}})
    def get_definition(self, build: Build) -> Any:
        return build.definition
