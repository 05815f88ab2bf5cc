"""What is read and shown of environments and secrets."""

from typing import Any

from rest_framework import serializers

from runtime.contract.names import ENVIRONMENT_KEY
from webapp.checks import slug_pattern
from webapp.environments.models import Environment, Secret, Use
from webapp.environments.services.places import MAX_APPROVALS, MAX_HOSTS, MAX_RANK
from webapp.environments.services.secrets import MAX_SECRET_BYTES
from webapp.environments.variables import MAX_VALUE_BYTES
from webapp.rest.serializers import StrictSerializer

KEY_PATTERN = rf"^{ENVIRONMENT_KEY.pattern}$"


class EnvironmentShown(serializers.ModelSerializer[Environment]):
    hosts = serializers.SerializerMethodField(help_text="Names.")
    variables = serializers.DictField(child=serializers.CharField(allow_blank=True))

    class Meta:
        model = Environment
        fields = (
            "id",
            "project",
            "slug",
            "rank",
            "protected",
            "required_approvals",
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
    hosts = _hosts()
    variables = _variables()


class EnvironmentChange(StrictSerializer):
    slug = serializers.RegexField(slug_pattern(), max_length=40, trim_whitespace=False, required=False)
    rank = serializers.IntegerField(min_value=0, max_value=MAX_RANK, required=False)
    protected = serializers.BooleanField(required=False)
    required_approvals = serializers.IntegerField(min_value=0, max_value=MAX_APPROVALS, required=False)
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
