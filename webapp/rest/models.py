"""What the REST floor remembers: answers that may be asked for again, and failures that are counted."""

from django.db import models


class IdempotentAnswer(models.Model):
    """The answer to a POST with an Idempotency-Key. Sealed, since an answer may hold a secret that is told once."""

    actor = models.CharField(max_length=64)  # the credential: a person's session or one token
    key = models.CharField(max_length=255)
    request = models.CharField(max_length=400)  # method and path
    body_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)  # None while the first request is under way
    answer = models.BinaryField(null=True)  # sealed: {"body", "headers"} as JSON
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("actor", "key"), name="one_answer_per_key"),)
