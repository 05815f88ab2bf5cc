"""The trail: who did what to what, when, from where. Append-only, each entry hashed over the one before."""

from django.db import models

from webapp.audit.querysets import EntryQuerySet


class Head(models.Model):
    """The chain's last link, one row: locked by whoever appends."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    number = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64, default="0" * 64)


class Entry(models.Model):
    """One act or refusal. Rows are never changed or deleted (the database refuses both by trigger)."""

    number = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    actor = models.CharField(max_length=200)
    actor_id = models.CharField(max_length=26, blank=True)
    token_id = models.CharField(max_length=26, blank=True)
    team_id = models.CharField(max_length=26, blank=True, db_index=True)
    project_id = models.CharField(max_length=26, blank=True)
    action = models.CharField(max_length=60, db_index=True)
    target_type = models.CharField(max_length=40)
    target_id = models.CharField(max_length=64, blank=True)
    target = models.CharField(max_length=200, blank=True)
    outcome = models.CharField(max_length=10, default="done")  # done | refused
    reason = models.CharField(max_length=400, blank=True)
    count = models.PositiveIntegerField(default=1)  # collapsed repetitions of a refusal
    ip = models.CharField(max_length=64, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    previous = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    objects = EntryQuerySet.as_manager()

    class Meta:
        ordering = ("-number",)
        verbose_name_plural = "entries"


class Repetition(models.Model):
    """A refusal that was told once and may come again within its minute; how often it did is told afterwards."""

    key = models.CharField(max_length=64, unique=True)
    since = models.DateTimeField(db_index=True)
    count = models.PositiveIntegerField(default=0)  # after the one that was told
    facts = models.JSONField()
