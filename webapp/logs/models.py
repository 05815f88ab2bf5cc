"""Logs: numbered lines; the past in compressed chunks here, the hot tail in Redis (tail.py)."""

from django.db import models

from webapp.logs.querysets import LogQuerySet
from webapp.models import Thing
from webapp.teams.models import Project


class Log(Thing):
    """One log: of a build, a push, a deployment or a replica. Lines are numbered from 1, densely."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="logs")
    kind = models.CharField(max_length=12)  # build | comparison | push | deployment | export | forgetting | replica
    archived_to = models.BigIntegerField(default=0)  # highest line number in a chunk
    archived_ns = models.BigIntegerField(default=0)  # host time of that line, UNIX ns
    stored_bytes = models.BigIntegerField(default=0)
    end_state = models.CharField(max_length=20, blank=True)  # '' while it may still grow
    ended_at = models.DateTimeField(null=True)

    objects = LogQuerySet.as_manager()


class Chunk(models.Model):
    """Consecutive lines, zstd over the JSON array text `[n,ms,"o","text"],[…]` (no outer brackets)."""

    log = models.ForeignKey(Log, on_delete=models.CASCADE, related_name="chunks")
    first = models.BigIntegerField()
    last = models.BigIntegerField()
    first_ms = models.BigIntegerField()
    last_ms = models.BigIntegerField()
    data = models.BinaryField()

    class Meta:
        ordering = ("log", "first")
        constraints = (models.UniqueConstraint(fields=("log", "first"), name="one_chunk_per_first_line"),)
