"""The lock of the control loops, and how their parts fare."""

from django.db import models


class Lock(models.Model):
    """One row: who runs the control loops, until when. Two loops are harmless; the lock only saves work."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    holder = models.CharField(max_length=64, blank=True)
    expires_at = models.DateTimeField(null=True)


class PartRun(models.Model):
    """What a part of a loop did so far, for /metrics."""

    part = models.CharField(max_length=40, primary_key=True)
    loop = models.CharField(max_length=40)
    ran_at = models.DateTimeField()
    runs = models.BigIntegerField(default=0)
    done = models.BigIntegerField(default=0)
    failures = models.BigIntegerField(default=0)
    seconds = models.FloatField(default=0.0)  # of all runs together
    longest = models.FloatField(default=0.0)  # of the runs since it was kept before
