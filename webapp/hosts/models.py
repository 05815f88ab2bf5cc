"""WHERE: hosts, their credentials, what they said last."""

from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.utils.timezone import now

from runtime.contract.link import SILENT_AFTER_SECONDS
from webapp.hosts.querysets import HostQuerySet
from webapp.models import Thing
from webapp.teams.models import Team, User

SHORT_OF_DISK = 0.1  # less than this part is free


class Host(Thing):
    """An enrolled machine with its engine. `name` is a slug and names its queue."""

    name = models.CharField(max_length=40, unique=True)
    credential_digest = models.CharField(max_length=64, blank=True)  # SHA-256 of the secret, hex; '' when revoked
    awaited = models.BooleanField(default=False)  # made here, and no machine has enrolled as it yet
    removed = models.BooleanField(default=False)  # revoked and out of sight; kept for what names it
    public_key = models.CharField(max_length=44, blank=True)  # Ed25519, raw, base64; '': it has none to prove itself by
    doorbell_digest = models.CharField(max_length=64, blank=True)  # of its Redis password; '': it has no user there
    every_team = models.BooleanField(default=False)  # serves every team until the site admin restricts it
    teams = models.ManyToManyField(Team, related_name="hosts", blank=True)
    drained = models.BooleanField(default=False)  # takes no new work
    build_slots = models.PositiveSmallIntegerField(default=2)
    concurrency = models.PositiveSmallIntegerField(default=0)  # jobs at once, as its worker says; 0: it has not said
    labels = models.JSONField(default=dict)
    max_cpus = models.FloatField(null=True)  # what replicas may take of it together, by their limits; None: no bound
    max_memory = models.BigIntegerField(null=True)  # bytes
    max_replicas = models.PositiveSmallIntegerField(null=True)
    facts = models.JSONField(null=True)  # runtime.contract.link.EngineFacts as JSON
    disk_use = models.JSONField(null=True)  # bytes of images, containers, volumes, build_cache, and told_at
    engine_answers = models.BooleanField(default=False)
    version = models.CharField(max_length=40, blank=True)
    clock_skew_ms = models.IntegerField(default=0)
    link = models.CharField(max_length=26, blank=True)  # the one that said hello last
    connected = models.BooleanField(default=False)
    address = models.CharField(max_length=45, blank=True)  # from where its link came; loopback: Slipway's own machine
    last_heard_at = models.DateTimeField(null=True)

    objects = HostQuerySet.as_manager()

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    @property
    def unheard_since(self) -> datetime | None:
        """When it was heard last, where what runs there is not known now; None for one that is heard, or never was."""
        return self.last_heard_at if self.state in ("unknown", "revoked", "engine_down") else None

    @property
    def own_doorbell(self) -> bool:
        """It has a user of its own in Redis."""
        return bool(self.doorbell_digest)

    @property
    def usable_slots(self) -> int:
        """Builds at once: one of several worker threads is kept for orders that are no builds."""
        if not self.concurrency:
            return self.build_slots
        return min(self.build_slots, max(1, self.concurrency - 1))

    @property
    def edge(self) -> dict[str, Any] | None:
        """Where its edge proxy listens (runtime.contract.link.EdgeFacts), as it said last; None: it has none."""
        found: dict[str, Any] | None = (self.facts or {}).get("edge")
        return found

    @property
    def is_short_of_disk(self) -> bool:
        """Less than a tenth of the disk is free, as the host said last."""
        total, free = (int((self.facts or {}).get(name) or 0) for name in ("disk_total", "disk_free"))
        return total > 0 and free < total * SHORT_OF_DISK

    @property
    def state(self) -> str:
        """awaited (no machine yet), enrolled (never heard), ready, drained, engine_down, unknown (silent since
        `last_heard_at`), revoked.
        """
        if not self.credential_digest:
            return "awaited" if self.awaited else "revoked"
        if self.last_heard_at is None:
            return "enrolled"
        if self.last_heard_at < now() - timedelta(seconds=SILENT_AFTER_SECONDS):
            return "unknown"
        if not self.engine_answers:
            return "engine_down"
        return "drained" if self.drained else "ready"


class Enrollment(Thing):
    """A one-time code by which a machine becomes this host."""

    host = models.ForeignKey(Host, on_delete=models.CASCADE, related_name="enrollments")
    digest = models.CharField(max_length=64, unique=True)  # SHA-256 of the code, hex
    created_by = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="+")  # None: Slipway itself
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)


class SpentProof(models.Model):
    """A proof that opened a door; it opens none again. Kept as long as its time would be good."""

    digest = models.CharField(primary_key=True, max_length=64)
    expires_at = models.DateTimeField(db_index=True)


class Installation(models.Model):
    """Which Slipway this is: one row, made by the first migration. Hosts label what they make with its name."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    name = models.CharField(max_length=26)
