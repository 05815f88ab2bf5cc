"""The lock of the control loop."""

from django.db import models


class Lock(models.Model):
    """One row: who runs the control loop, until when. Two loops are harmless; the lock only saves work."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    holder = models.CharField(max_length=64, blank=True)
    expires_at = models.DateTimeField(null=True)
