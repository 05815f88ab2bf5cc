"""Named volumes: what outlives containers. A row is one volume of one host's engine."""

from django.db import models
from django.db.models import Q

from webapp.environments.models import Environment
from webapp.hosts.models import Host
from webapp.jobs.models import Job
from webapp.logs.models import Log
from webapp.models import Thing
from webapp.teams.models import Project, User
from webapp.volumes.querysets import BackupQuerySet, VolumeQuerySet

KEPT_BACKUPS = 5
QUIESCE = ("none", "pause", "stop")
UNDER_WAY = ("queued", "sending", "checking")
STATES = (*UNDER_WAY, "ready", "failed", "cancelled", "expired")


class Volume(Thing):
    """The data of one replica under one name, or what services of an environment share (then without a service).

    Of those with the same place one is active: a container mounts that one. Another is what a restore or a move left.
    """

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="volumes")
    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="volumes")
    host = models.ForeignKey(Host, on_delete=models.PROTECT, related_name="volumes")
    name = models.CharField(max_length=40)
    service = models.CharField(max_length=26, blank=True)  # the service's id; empty: shared
    service_slug = models.CharField(max_length=40, blank=True)  # as it was called when the volume was made
    index = models.PositiveSmallIntegerField()  # of the replica; 0: shared
    active = models.BooleanField(default=True)
    made = models.BooleanField(default=False)  # its host has said that it is there
    size = models.BigIntegerField(null=True)  # bytes, as its host counted them last
    counted_at = models.DateTimeField(null=True)
    deployment = models.CharField(max_length=26, blank=True)  # that made it, to restore or to move
    replaces = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, related_name="+"
    )  # the one it was made for
    removal = models.OneToOneField(Job, on_delete=models.SET_NULL, null=True, related_name="+")
    removed_at = models.DateTimeField(null=True)  # its host has it no more; the row stays for its backups
    keep_backups = models.PositiveSmallIntegerField(default=KEPT_BACKUPS)

    objects = VolumeQuerySet.as_manager()

    class Meta:
        ordering = ("environment", "name", "service_slug", "index", "-created_at")
        constraints = (
            models.UniqueConstraint(
                fields=("environment", "name", "service", "index"),
                condition=Q(active=True),
                name="one_active_volume_per_place",
            ),
        )

    def __str__(self) -> str:
        return self.name if not self.service else f"{self.name} of {self.service_slug} {self.index}"


class Backup(Thing):
    """An archive of a volume. `size` grows while it comes in; ready, it is whole and its digest was seen."""

    volume = models.ForeignKey(Volume, on_delete=models.PROTECT, related_name="backups")
    job = models.OneToOneField(Job, on_delete=models.PROTECT, related_name="backup")
    log = models.ForeignKey(Log, on_delete=models.PROTECT, related_name="+")  # its own, or its deployment's
    deployment = models.CharField(max_length=26, blank=True)  # that it is a step of
    quiesce = models.CharField(max_length=5, default="none")
    state = models.CharField(max_length=10, default="queued")
    size = models.BigIntegerField(default=0)  # bytes held of the attempt at work, in the end of all
    digest = models.CharField(max_length=71, blank=True)  # sha256 of the archive
    unpacked = models.BigIntegerField(default=0)  # bytes in files
    entries = models.PositiveIntegerField(default=0)
    tree = models.CharField(max_length=71, blank=True)  # sha256 over what is in it: names, owners, modes, times, bytes
    problem = models.JSONField(null=True)
    requested_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    requested_as = models.CharField(max_length=200)
    finished_at = models.DateTimeField(null=True)

    objects = BackupQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
