"""Certificates that people bring: by which the edges of hosts vouch for a project's host names."""

from datetime import datetime, timedelta

from django.db import models

from webapp.certificates.querysets import CertificateQuerySet
from webapp.models import Thing
from webapp.teams.models import Project, User

SOON = timedelta(days=21)


class Certificate(Thing):
    """A chain and its key, sealed together; nobody reads them back. A newer one of its name takes its place."""

    SEALED = ("bundle",)
    REVEALED = "bundle"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="certificates")
    name = models.CharField(max_length=40)
    hosts = models.JSONField()  # names that it is good for; a wildcard stands for one label
    issuer = models.CharField(max_length=300)
    fingerprint = models.CharField(max_length=64)  # SHA-256 of the certificate, hex
    not_before = models.DateTimeField()
    not_after = models.DateTimeField()
    bundle = models.BinaryField()  # chain, then key, as PEM
    brought_at = models.DateTimeField()
    delivered_at = models.DateTimeField(null=True)  # hosts that serve its names have been told of this very one
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")

    objects = CertificateQuerySet.as_manager()

    class Meta:
        ordering = ("name", "id")
        constraints = (models.UniqueConstraint(fields=("project", "name"), name="one_certificate_per_name"),)

    def __str__(self) -> str:
        return self.name

    def state_at(self, moment: datetime) -> str:
        """good, soon (it ends within three weeks), expired, or early (it does not count yet)."""
        if moment < self.not_before:
            return "early"
        if moment >= self.not_after:
            return "expired"
        return "soon" if moment >= self.not_after - SOON else "good"
