"""FILES: what changed in a replica's files, as its host said when it was asked."""

from django.db import models

from webapp.deployments.models import Replica
from webapp.jobs.models import Job
from webapp.logs.models import Log
from webapp.models import Thing
from webapp.snapshots.querysets import ComparisonQuerySet
from webapp.teams.models import User


class Comparison(Thing):
    """One look at a container's files beside those of its image. States: runtime.contract.states.JOB."""

    replica = models.ForeignKey(Replica, on_delete=models.CASCADE, related_name="comparisons")
    container = models.CharField(max_length=64)  # its full ID, as it was when somebody asked
    job = models.OneToOneField(Job, on_delete=models.PROTECT, related_name="comparison")
    log = models.OneToOneField(Log, on_delete=models.PROTECT, related_name="comparison")
    state = models.CharField(max_length=12, default="queued")
    changes = models.JSONField(default=list)  # [{"kind", "path", "size", "directory"}]: the first of them, by path
    added = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    deleted = models.PositiveIntegerField(default=0)
    counted = models.BooleanField(default=True)  # False: there are more than these
    requested_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    requested_as = models.CharField(max_length=200)
    finished_at = models.DateTimeField(null=True)
    problem = models.JSONField(null=True)

    objects = ComparisonQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")

    @property
    def total(self) -> int:
        """How many paths are not as in the image."""
        return self.added + self.changed + self.deleted

    @property
    def left_out(self) -> int:
        """How many of them are not told."""
        return max(self.total - len(self.changes), 0)
