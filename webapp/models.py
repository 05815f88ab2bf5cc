"""The one base of every room's tables."""

from django.db import models

from webapp.ids import new_id


class Thing(models.Model):
    """A row with an opaque id and the time it was made."""

    id = models.CharField(primary_key=True, max_length=26, default=new_id, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        abstract = True
