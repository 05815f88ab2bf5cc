"""What is read and shown of environments and secrets."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from runtime.contract.names import ENVIRONMENT_KEY
from webapp.checks import slug_pattern
from webapp.environments.models import Environment, Secret, Use
from webapp.environments.opening import DAYS
from webapp.environments.services.places import MAX_APPROVAL_HOURS, MAX_APPROVALS, MAX_HOSTS, MAX_RANK
from webapp.environments.services.secrets import MAX_SECRET_BYTES
from webapp.environments.timetable import MAX_FREEZES, MAX_REASON, MAX_WINDOWS
from webapp.environments.variables import MAX_VALUE_BYTES
from webapp.rest.serializers import StrictSerializer

KEY_PATTERN = rf"^{ENVIRONMENT_KEY.pattern}$"


WINDOW = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "days": {"type": "array", "items": {"type": "string", "enum": list(DAYS)}, "minItems": 1},
        "from": {"type": "string", "examples": ["09:00"]},
        "to": {"type": "string", "examples": ["17:00"], "description": "Before `from`: on the next day. Up to 24:00."},
        "zone": {"type": "string", "examples": ["Europe/Berlin"], "description": "UTC where none is given."},
    },
    "required": ["days", "from", "to"],
}
FREEZE = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "from": {"type": "string", "examples": ["2026-12-20T00:00+01:00"]},
        "until": {"type": "string", "examples": ["2027-01-04T08:00+01:00"]},
        "reason": {"type": "string", "maxLength": MAX_REASON},
    },
    "required": ["from", "until", "reason"],
}


@extend_schema_field({"type": "array", "items": WINDOW, "maxItems": MAX_WINDOWS})
class WindowsField(serializers.JSONField):
    """When deployments may start, week by week; none: always. Checked by `timetable`, the one check."""


@extend_schema_field({"type": "array", "items": FREEZE, "maxItems": MAX_FREEZES})
class FreezesField(serializers.JSONField):
    """When none may start, whatever the windows say."""


class EnvironmentShown(serializers.ModelSerializer[Environment]):
    hosts = serializers.SerializerMethodField(help_text="Names.")
    variables = serializers.DictField(child=serializers.CharField(allow_blank=True))
    windows = WindowsField()
    freezes = FreezesField()

    class Meta:
        model = Environment
        fields = (
            "id",
            "project",
            "slug",
            "rank",
            "protected",
            "required_approvals",
            "approval_hours",
            "allow_skipping",
            "windows",
            "freezes",
            "hosts",
            "variables",
            "created_at",
        )

    def get_hosts(self, environment: Environment) -> list[str]:
        return sorted(host.name for host in environment.hosts.all())


def _hosts() -> serializers.ListField:
    child = serializers.CharField(min_length=1, max_length=64, trim_whitespace=False)
    return serializers.ListField(child=child, required=False, max_length=MAX_HOSTS, help_text="Names or ids.")


def _variables() -> serializers.DictField:
    child = serializers.CharField(allow_blank=True, max_length=MAX_VALUE_BYTES, trim_whitespace=False)
    return serializers.DictField(child=child, required=False)


class NewEnvironment(StrictSerializer):
    project = serializers.CharField(min_length=1, max_length=64, trim_whitespace=False)
    slug = serializers.RegexField(slug_pattern(), max_length=40, trim_whitespace=False)
    rank = serializers.IntegerField(min_value=0, max_value=MAX_RANK)
    protected = serializers.BooleanField(required=False, default=False)
    required_approvals = serializers.IntegerField(required=False, default=0, min_value=0, max_value=MAX_APPROVALS)
    approval_hours = serializers.IntegerField(required=False, default=24, min_value=1, max_value=MAX_APPROVAL_HOURS)
    allow_skipping = serializers.BooleanField(
        required=False,
        help_text="May run what has not succeeded in the environment before. Not given: unless protected.",
    )
    windows = WindowsField(required=False)
    freezes = FreezesField(required=False)
    hosts = _hosts()
    variables = _variables()


class EnvironmentChange(StrictSerializer):
    slug = serializers.RegexField(slug_pattern(), max_length=40, trim_whitespace=False, required=False)
    rank = serializers.IntegerField(min_value=0, max_value=MAX_RANK, required=False)
    protected = serializers.BooleanField(required=False)
    required_approvals = serializers.IntegerField(min_value=0, max_value=MAX_APPROVALS, required=False)
    approval_hours = serializers.IntegerField(min_value=1, max_value=MAX_APPROVAL_HOURS, required=False)
    allow_skipping = serializers.BooleanField(required=False)
    windows = WindowsField(required=False)
    freezes = FreezesField(required=False)
    hosts = _hosts()
    variables = _variables()


class SecretShown(serializers.ModelSerializer[Secret]):
    """Everything but the value, which nobody reads back."""

    created_by: "serializers.SlugRelatedField[Any]" = serializers.SlugRelatedField(
        slug_field="username", read_only=True, allow_null=True
    )

    class Meta:
        model = Secret
        fields = ("id", "project", "environment", "name", "use", "version", "created_by", "created_at", "retired_at")


class NewSecret(StrictSerializer):
    project = serializers.CharField(min_length=1, max_length=64, trim_whitespace=False)
    environment = serializers.CharField(
        min_length=1, max_length=64, trim_whitespace=False, required=False, allow_null=True
    )
    name = serializers.RegexField(KEY_PATTERN, max_length=128, trim_whitespace=False)
    use = serializers.ChoiceField(
        choices=Use.choices,
        required=False,
        help_text="`variable`: containers find it in the variable of its name. `credential`: fetching a source signs "
        "in with it, no container gets it; for the whole project. `build`: steps of builds that an image names it for "
        "mount it as a file; for the whole project. As the versions before; of a new name `variable`.",
    )
    value = serializers.CharField(min_length=1, max_length=MAX_SECRET_BYTES, trim_whitespace=False, write_only=True)
