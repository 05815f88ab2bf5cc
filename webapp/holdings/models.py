"""What each host's engine holds: images by ID, and what hosts were told to let go of."""

from django.db import models

from webapp.hosts.models import Host
from webapp.jobs.models import Job
from webapp.logs.models import Log
from webapp.models import Thing
from webapp.teams.models import Project


class Holding(models.Model):
    """An image that a host's engine holds. What a job made is noted at once; the host's own full list is the truth."""

    host = models.ForeignKey(Host, on_delete=models.CASCADE, related_name="holdings")
    image_id = models.CharField(max_length=71, db_index=True)
    size = models.BigIntegerField(default=0)  # bytes, with the layers that it shares with others
    build = models.CharField(max_length=26, blank=True)  # id of the build that its label names; the row may be gone
    since = models.DateTimeField()
    seen_at = models.DateTimeField()
    asked_at = models.DateTimeField(null=True)  # when the host was last told to forget it

    class Meta:
        ordering = ("host", "image_id")
        constraints = (models.UniqueConstraint(fields=("host", "image_id"), name="one_holding_per_image"),)


class Forgetting(Thing):
    """One order to a host to let go of images, and what came of it."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="forgettings")
    host = models.ForeignKey(Host, on_delete=models.CASCADE, related_name="forgettings")
    job = models.OneToOneField(Job, on_delete=models.CASCADE, related_name="forgetting")
    log = models.OneToOneField(Log, on_delete=models.CASCADE, related_name="forgetting")
    asked = models.PositiveIntegerField()  # images
    removed = models.PositiveIntegerField(default=0)
    skipped = models.JSONField(default=list)  # [{"image_id", "reason"}]
    freed = models.BigIntegerField(null=True)  # bytes, as the engine counts them; null: not known (yet)
    state = models.CharField(max_length=12, default="queued")  # the job's
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-created_at", "-id")
