"""Services, releases, deployments and replicas as the API says and hears them."""

from datetime import datetime
from typing import Any

from django.utils.timezone import now
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from webapp.deployments.addresses import addresses
from webapp.deployments.board.story import BACK, phase_of, replica_of
from webapp.deployments.models import Approval, Deployment, Release, Replica, Service
from webapp.deployments.services.authors import names_of
from webapp.deployments.settings.aspects import effective, setting
from webapp.deployments.settings.schemas import FIELDS, OVERRIDES, PLAN, SECRETS, SETTINGS, VARIABLES
from webapp.images.api.serializers import ErrorSerializer, StepSerializer, error_of
from webapp.rest.serializers import StrictSerializer

HEALTH_STATES = ("starting", "healthy", "unhealthy")


def _field(name: str, base: type[serializers.Field[Any, Any, Any, Any]]) -> Any:
    """A field of a service's settings: its shape is told here, its content is checked by `validation` alone."""
    return extend_schema_field(FIELDS[name])(type(f"{name.title()}Field", (base,), {}))(required=False)


def _shown(name: str) -> Any:
    """The same in an answer, with the default where nothing was given."""

    class Shown(serializers.Field[Any, Any, Any, Any]):
        def get_attribute(self, instance: Service) -> Any:
            return setting(effective(instance.settings, {}, ""), name)

        def to_representation(self, value: Any) -> Any:
            return value

    return extend_schema_field(FIELDS[name])(Shown)(read_only=True)


class SettingsSerializer(StrictSerializer):
    """How a service runs. What is not named here cannot be asked for."""

    command = _field("command", serializers.ListField)
    ports = _field("ports", serializers.ListField)
    volumes = _field("volumes", serializers.ListField)
    http = _field("http", serializers.JSONField)
    health = _field("health", serializers.DictField)
    limits = _field("limits", serializers.DictField)
    restart = _field("restart", serializers.DictField)
    replicas = _field("replicas", serializers.IntegerField)
    variables = _field("variables", serializers.DictField)
    stop_timeout = _field("stop_timeout", serializers.IntegerField)
    strategy = _field("strategy", serializers.DictField)
    placement = _field("placement", serializers.DictField)
    isolation = _field("isolation", serializers.DictField)
    secret_files = _field("secret_files", serializers.JSONField)


@extend_schema_field(OVERRIDES)
class OverridesField(serializers.DictField):
    """Checked by `deployments.validation`, the one validator."""


class NewServiceSerializer(SettingsSerializer):
    project = serializers.CharField()
    slug = serializers.CharField(trim_whitespace=False)
    image = serializers.CharField()
    overrides = OverridesField(required=False)


class ChangedServiceSerializer(SettingsSerializer):
    slug = serializers.CharField(required=False, trim_whitespace=False)
    image = serializers.CharField(required=False)
    overrides = OverridesField(required=False)


class ServiceSerializer(serializers.ModelSerializer[Service]):
    """A service; settings that were not given show their default."""

    project = serializers.CharField(source="project_id")
    image = serializers.CharField(source="image_id")
    overrides = OverridesField()
    command = _shown("command")
    ports = _shown("ports")
    volumes = _shown("volumes")
    http = _shown("http")
    health = _shown("health")
    limits = _shown("limits")
    restart = _shown("restart")
    replicas = _shown("replicas")
    variables = _shown("variables")
    stop_timeout = _shown("stop_timeout")
    strategy = _shown("strategy")
    placement = _shown("placement")
    isolation = _shown("isolation")
    secret_files = _shown("secret_files")

    class Meta:
        model = Service
        fields = ("id", "project", "slug", "image", *FIELDS, "overrides", "created_at")
        read_only_fields = fields


class ReleaseSerializer(serializers.ModelSerializer[Release]):
    """An immutable, numbered snapshot. Of secrets it tells names and versions."""

    service = serializers.CharField(source="service_id")
    environment = serializers.CharField(source="environment_id")
    build = serializers.CharField(source="build_id")
    build_number = serializers.IntegerField(source="build.number")
    settings = serializers.SerializerMethodField()
    variables = serializers.SerializerMethodField()
    secrets = serializers.SerializerMethodField()

    class Meta:
        model = Release
        fields = (
            "id", "service", "environment", "number", "build", "build_number", "digest", "config_digest", "settings",
            "variables", "secrets", "created_at",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(SETTINGS)
    def get_settings(self, release: Release) -> Any:
        return release.settings

    @extend_schema_field(VARIABLES)
    def get_variables(self, release: Release) -> Any:
        return release.variables

    @extend_schema_field(SECRETS)
    def get_secrets(self, release: Release) -> dict[str, int]:
        return {name: secret["version"] for name, secret in release.secrets.items()}


class ApprovalSerializer(serializers.ModelSerializer[Approval]):
    """One person's yes or no."""

    user = serializers.CharField(source="user.username")
    lapsed_at = serializers.DateTimeField(allow_null=True, help_text="Since when it counts no more.")

    class Meta:
        model = Approval
        fields = ("id", "user", "approved", "plan_hash", "comment", "created_at", "lapsed_at", "lapsed_why")
        read_only_fields = fields


class HostStepSerializer(StepSerializer):
    host = serializers.CharField()
    phase = serializers.ChoiceField(
        choices=["stopped", "proved", "done", BACK],
        help_text="How far its host was to go: see the plan; back: on the way back to what ran before.",
    )
    replica = serializers.IntegerField(allow_null=True, help_text="Its index, where the step is about one.")


class DeploymentRowSerializer(serializers.ModelSerializer[Deployment]):
    """A deployment in a list."""

    service = serializers.CharField(source="service_id")
    environment = serializers.CharField(source="environment_id")
    release = serializers.CharField(source="release_id")
    release_number = serializers.IntegerField(source="release.number")
    digest = serializers.CharField(source="release.digest", help_text="What runs: the same in every place.")
    bypassed = serializers.ListField(child=serializers.CharField(), help_text="What an emergency went past.")
    previous = serializers.CharField(source="previous_id", allow_null=True, help_text="The release that ran before.")
    log = serializers.CharField(source="log_id")
    requested_by = serializers.CharField(source="requested_as")
    sentence = serializers.SerializerMethodField()
    error = serializers.SerializerMethodField()

    class Meta:
        model = Deployment
        fields: tuple[str, ...] = (
            "id", "service", "environment", "kind", "state", "release", "release_number", "digest", "previous",
            "plan_hash", "sentence", "required_approvals", "requested_by", "comment", "emergency", "bypassed",
            "review_owed", "log", "generation", "created_at", "started_at", "finished_at", "error",
        )  # fmt: skip
        read_only_fields = fields

    def get_sentence(self, deployment: Deployment) -> str:
        return str(deployment.plan["sentence"])

    @extend_schema_field(ErrorSerializer(allow_null=True))
    def get_error(self, deployment: Deployment) -> dict[str, Any] | None:
        return error_of(deployment.problem, [])


class DeploymentSerializer(DeploymentRowSerializer):
    """One deployment with its plan, its steps host by host, and who said yes or no."""

    plan = serializers.SerializerMethodField()
    steps = serializers.SerializerMethodField()
    approvals = ApprovalSerializer(many=True)
    authors = serializers.SerializerMethodField(help_text="Who last changed what it brings: they do not approve it.")
    opens_at = serializers.SerializerMethodField(
        help_text="When its environment opens for what waits; null where it is open, never opens, or nothing waits."
    )
    reviewed_by = serializers.CharField(source="reviewed_by.username", allow_null=True, default=None)

    class Meta(DeploymentRowSerializer.Meta):
        fields = (
            *DeploymentRowSerializer.Meta.fields, "plan", "steps", "approvals", "authors", "opens_at", "reviewed_by",
            "reviewed_at", "review",
        )  # fmt: skip
        read_only_fields = fields

    def get_authors(self, deployment: Deployment) -> list[str]:
        return names_of(deployment)

    def get_opens_at(self, deployment: Deployment) -> datetime | None:
        closed = deployment.environment.closed(now()) if deployment.state == "awaiting_approval" else None
        return closed.opens if closed is not None else None

    @extend_schema_field(PLAN)
    def get_plan(self, deployment: Deployment) -> Any:
        return deployment.plan

    @extend_schema_field(HostStepSerializer(many=True))
    def get_steps(self, deployment: Deployment) -> list[dict[str, Any]]:
        return [
            {
                **StepSerializer(step).data,
                "host": link.job.host.name,
                "phase": phase_of(deployment, link.position),
                "replica": replica_of(step),
            }
            for link in deployment.host_jobs.all()
            for step in link.job.steps.all()
            if step.attempt == link.job.attempt
        ]


class BoundPortSerializer(serializers.Serializer[Any]):
    container = serializers.IntegerField()
    host = serializers.IntegerField()
    address = serializers.CharField()
    protocol = serializers.CharField()


class EffectiveSerializer(serializers.Serializer[Any]):
    """What a container is, as its engine shows it, whatever was asked for. Zero and empty: not set."""

    capabilities = serializers.ListField(child=serializers.CharField())
    privileged = serializers.BooleanField()
    no_new_privileges = serializers.BooleanField()
    seccomp = serializers.CharField(allow_blank=True, help_text="Empty: the engine's own list.")
    read_only = serializers.BooleanField()  # type: ignore[assignment]
    tmpfs = serializers.DictField(child=serializers.CharField(), help_text="Path to options.")
    user = serializers.CharField(allow_blank=True)
    runtime = serializers.CharField(allow_blank=True)
    memory = serializers.IntegerField(help_text="Bytes.")
    swap = serializers.IntegerField(help_text="Bytes beyond the memory; -1: as much as there is.")
    cpus = serializers.FloatField()
    pids = serializers.IntegerField()
    nofile = serializers.IntegerField()
    io_weight = serializers.IntegerField()
    read_bps = serializers.IntegerField()
    write_bps = serializers.IntegerField()


class ReplicaSerializer(serializers.ModelSerializer[Replica]):
    """One wanted copy and what its host last said of its container."""

    service = serializers.CharField(source="service_id")
    environment = serializers.CharField(source="environment_id")
    release = serializers.CharField(source="release_id")
    host = serializers.CharField(source="host.name")
    host_state = serializers.CharField(source="host.state")
    container = serializers.SerializerMethodField(help_text="The engine's id; null while there is none.")
    health = serializers.SerializerMethodField(help_text="starting, healthy, unhealthy; null when it does not run.")
    log = serializers.CharField(source="log_id")
    ports = BoundPortSerializer(many=True)
    addresses = serializers.SerializerMethodField(
        help_text="Where it is reached by name, as the edge of its host has it."
    )
    effective = EffectiveSerializer(allow_null=True, help_text="null: its host has not said it.")
    state = serializers.CharField(source="state_now", help_text="lost while its host is not heard.")
    unknown_since = serializers.DateTimeField(
        allow_null=True, help_text="When its host was heard last, while it is not heard; else null."
    )
    why = serializers.CharField(help_text="Why it is on this host, as the plan said; empty for one brought back.")

    class Meta:
        model = Replica
        fields = (
            "id", "service", "environment", "release", "generation", "index", "host", "host_state", "why", "container",
            "desired", "state", "unknown_since", "health", "exit_code", "oom_killed", "restarts", "message", "ports",
            "addresses", "log", "effective", "created_at", "started_at", "finished_at", "observed_at",
        )  # fmt: skip
        read_only_fields = fields

    def get_container(self, replica: Replica) -> str | None:
        return replica.container or None

    def get_addresses(self, replica: Replica) -> list[str]:
        return [at.url for at in addresses(replica.release.settings, replica.host.edge) if at.url]

    def get_health(self, replica: Replica) -> str | None:
        return replica.state_now if replica.state_now in HEALTH_STATES else None
