"""Exports: archives of builds' images, kept here for some hours."""

from django.db import models

from webapp.exports.querysets import ExportQuerySet
from webapp.images.models import Build
from webapp.jobs.models import Job
from webapp.logs.models import Log
from webapp.models import Thing
from webapp.teams.models import User

LAYOUTS = ("docker", "oci")
UNDER_WAY = ("queued", "sending", "checking")
STATES = (*UNDER_WAY, "ready", "failed", "cancelled", "expired")


class Export(Thing):
    """One archive of one build's image. `size` grows while it comes in; ready, it is whole and its digest was seen."""

    build = models.ForeignKey(Build, on_delete=models.CASCADE, related_name="exports")
    job = models.OneToOneField(Job, on_delete=models.CASCADE, related_name="export")
    log = models.OneToOneField(Log, on_delete=models.CASCADE, related_name="export")
    layout = models.CharField(max_length=6)
    state = models.CharField(max_length=10, default="queued")
    size = models.BigIntegerField(default=0)  # bytes held of the attempt at work, in the end of all
    digest = models.CharField(max_length=71, blank=True)  # sha256 of the archive
    problem = models.JSONField(null=True)
    requested_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    requested_as = models.CharField(max_length=200)
    finished_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)

    objects = ExportQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
