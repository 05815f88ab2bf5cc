"""GANGWAY: orders given to hosts, their leases and steps."""

from django.db import models

from webapp.hosts.models import Host
from webapp.logs.models import Log
from webapp.models import Thing
from webapp.teams.models import Project


class Job(Thing):
    """An order given to one host. States: runtime.contract.states.JOB."""

    kind = models.CharField(max_length=30)  # the order's tag: build_image | pull_image | converge_service
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="jobs")
    host = models.ForeignKey(Host, on_delete=models.PROTECT, related_name="jobs")
    log = models.ForeignKey(Log, on_delete=models.RESTRICT, related_name="jobs")  # they go together, with the project
    state = models.CharField(max_length=12, default="queued")
    order = models.JSONField()  # frozen; holds no secret
    secrets = models.JSONField(default=dict)  # name in the claim -> id of what is revealed to it (`environments.vault`)
    uses_build_slot = models.BooleanField(default=False)
    precedence = models.PositiveIntegerField(default=0)  # of those that wait for a build slot: the higher the sooner
    attempt = models.PositiveSmallIntegerField(default=0)
    max_attempts = models.PositiveSmallIntegerField(default=3)
    token_digest = models.CharField(max_length=64, blank=True)
    lease_expires_at = models.DateTimeField(null=True)
    cancel_requested_at = models.DateTimeField(null=True)
    rung_at = models.DateTimeField(null=True)
    rings = models.PositiveIntegerField(default=0)  # since it was queued; the pauses between them grow
    claimed_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    problem = models.JSONField(null=True)  # runtime.contract.reports.Problem

    class Meta:
        ordering = ("created_at", "id")
        indexes = (
            models.Index(fields=("host", "state", "created_at"), name="job_queue"),
            models.Index(fields=("state", "lease_expires_at"), name="job_leases"),
        )


class JobStep(models.Model):
    """A named, timed part of a job's attempt, as the host reported it."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="steps")
    attempt = models.PositiveSmallIntegerField()
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=500)
    state = models.CharField(max_length=12)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    cached = models.BooleanField(default=False)
    first_line = models.BigIntegerField(null=True)
    last_line = models.BigIntegerField(null=True)
    detail = models.CharField(max_length=1000, blank=True)

    class Meta:
        ordering = ("attempt", "number")
        constraints = (models.UniqueConstraint(fields=("job", "attempt", "number"), name="one_step_per_number"),)
