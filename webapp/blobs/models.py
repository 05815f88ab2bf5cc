"""Bytes that people brought: what lies on disk, and who brought it where."""

from django.db import models

from webapp.blobs.querysets import UploadQuerySet
from webapp.models import Thing
from webapp.teams.models import Project, User

RECEIVING, READY = "receiving", "ready"


class Blob(models.Model):
    """Bytes on disk under their SHA-256, once, however often they are brought. Its row is the lock of the file."""

    digest = models.CharField(primary_key=True, max_length=71)  # sha256:…
    size = models.BigIntegerField()

    def __str__(self) -> str:
        return self.digest


class Upload(Thing):
    """An archive as one project has it. It never changes; while it comes in it has no blob yet."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="uploads")
    blob = models.ForeignKey(Blob, on_delete=models.PROTECT, null=True, related_name="uploads")
    state = models.CharField(max_length=10, default=RECEIVING)
    name = models.CharField(max_length=200)  # as its owner called it; for people alone
    format = models.CharField(max_length=6, blank=True)  # runtime.contract.archives.rules.Format
    entries = models.PositiveIntegerField(default=0)
    unpacked = models.BigIntegerField(default=0)  # bytes
    notes = models.JSONField(default=list)  # what is odd about it and was taken all the same
    uploaded_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    uploaded_as = models.CharField(max_length=200)  # the actor's label at the time
    brought_at = models.DateTimeField()  # last: the same bytes again are the same upload

    objects = UploadQuerySet.as_manager()

    class Meta:
        ordering = ("-brought_at", "-id")
        constraints = (models.UniqueConstraint(fields=("project", "blob"), name="one_upload_per_blob"),)

    def __str__(self) -> str:
        return self.name

    @property
    def digest(self) -> str:
        return self.blob_id or ""

    @property
    def size(self) -> int:
        return self.blob.size if self.blob is not None else 0
