"""What is read and shown of hosts."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from webapp.checks import slug_pattern
from webapp.hosts.models import Host
from webapp.hosts.services import MAX_BUILD_SLOTS, fingerprint
from webapp.hosts.services.managing import MAX_CPUS, MAX_MEMORY, MAX_REPLICAS
from webapp.rest.serializers import StrictSerializer

MAX_TEAMS = 1000


class TeamIds(serializers.ListField):
    child = serializers.CharField(min_length=1, max_length=64, trim_whitespace=False)

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"max_length": MAX_TEAMS, **options})


class DiskUse(serializers.Serializer[Any]):
    images = serializers.IntegerField(help_text="Bytes; layers that images share count once.")
    containers = serializers.IntegerField(help_text="Bytes that containers wrote.")
    volumes = serializers.IntegerField(help_text="Bytes.")
    build_cache = serializers.IntegerField(help_text="Bytes.")
    told_at = serializers.DateTimeField()


class Capacity(serializers.Serializer[Any]):
    cpus = serializers.IntegerField(allow_null=True)
    memory = serializers.IntegerField(allow_null=True, help_text="Bytes.")
    disk_total = serializers.IntegerField(allow_null=True, help_text="Bytes.")
    disk_free = serializers.IntegerField(allow_null=True, help_text="Bytes.")
    build_slots = serializers.IntegerField()
    max_cpus = serializers.FloatField(allow_null=True, help_text="What replicas may take together, by their limits.")
    max_memory = serializers.IntegerField(allow_null=True, help_text="Bytes, likewise; null: no bound.")
    max_replicas = serializers.IntegerField(allow_null=True)
    disk_use = DiskUse(allow_null=True, help_text="What its engine holds; null until it has said so.")
    short_of_disk = serializers.BooleanField(help_text="Less than a tenth of the disk is free.")


class HostShown(serializers.ModelSerializer[Host]):
    state = serializers.ChoiceField(
        ["awaited", "enrolled", "ready", "drained", "engine_down", "unknown", "revoked"], read_only=True
    )
    engine = serializers.SerializerMethodField(help_text="What the host found out about its engine.")
    capacity = serializers.SerializerMethodField()
    builder = serializers.SerializerMethodField()
    teams = serializers.SerializerMethodField(help_text="Ids of the teams it serves, of those that you may see.")
    labels = serializers.DictField(child=serializers.CharField(), help_text="What services ask for of their hosts.")
    unheard_since = serializers.DateTimeField(
        allow_null=True, help_text="When it was heard last, while what runs there is unknown; else null."
    )
    key = serializers.SerializerMethodField(
        help_text="Fingerprint of the key by which it proves itself; empty for a host that has none."
    )
    own_doorbell = serializers.BooleanField(
        help_text="It hears its doorbell as a Redis user of its own; false: by an address that others share."
    )

    class Meta:
        model = Host
        fields = (
            "id",
            "name",
            "state",
            "drained",
            "every_team",
            "teams",
            "engine",
            "builder",
            "capacity",
            "labels",
            "key",
            "own_doorbell",
            "version",
            "clock_skew_ms",
            "connected",
            "last_heard_at",
            "unheard_since",
            "created_at",
        )

    def get_engine(self, host: Host) -> dict[str, Any] | None:
        return host.facts

    def get_builder(self, host: Host) -> str:
        return str((host.facts or {}).get("builder", ""))

    @extend_schema_field(Capacity)
    def get_capacity(self, host: Host) -> dict[str, Any]:
        facts = host.facts or {}
        known = {name: facts.get(name) for name in ("cpus", "memory", "disk_total", "disk_free")}
        disk = {"disk_use": host.disk_use, "short_of_disk": host.is_short_of_disk}
        bounds = {name: getattr(host, name) for name in ("max_cpus", "max_memory", "max_replicas")}
        return {**known, "build_slots": host.build_slots, **bounds, **disk}

    def get_key(self, host: Host) -> str:
        return fingerprint(host.public_key) if host.public_key else ""

    def get_teams(self, host: Host) -> list[str]:
        actor = self.context["view"].actor
        return sorted(team.id for team in host.teams.all() if actor.site_admin or team.id in actor.roles)


class EnrollmentShown(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="Told this once.")
    command = serializers.CharField(help_text="What to run on the machine that becomes this host.")
    expires_at = serializers.DateTimeField()


class HostAwaited(HostShown):
    enrollment = EnrollmentShown(read_only=True)

    class Meta:
        model = HostShown.Meta.model
        fields = (*HostShown.Meta.fields, "enrollment")


class NewHost(StrictSerializer):
    name = serializers.RegexField(slug_pattern(), max_length=40, trim_whitespace=False)
    every_team = serializers.BooleanField(required=False, default=False)
    teams = TeamIds(required=False, help_text="Ids of the teams that it shall serve.")


class HostChange(StrictSerializer):
    every_team = serializers.BooleanField(required=False)
    teams = TeamIds(required=False, help_text="Ids of the teams that it serves.")
    build_slots = serializers.IntegerField(required=False, min_value=0, max_value=MAX_BUILD_SLOTS)
    labels = serializers.DictField(
        child=serializers.CharField(max_length=63, trim_whitespace=False),
        required=False,
        help_text="All of its labels, as key and value.",
    )
    max_cpus = serializers.FloatField(
        required=False, allow_null=True, min_value=0, max_value=MAX_CPUS, help_text="null: no bound."
    )
    max_memory = serializers.IntegerField(
        required=False, allow_null=True, min_value=0, max_value=MAX_MEMORY, help_text="Bytes; null: no bound."
    )
    max_replicas = serializers.IntegerField(
        required=False, allow_null=True, min_value=0, max_value=MAX_REPLICAS, help_text="null: no bound."
    )
