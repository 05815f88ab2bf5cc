"""Which builds keep their images: a rule of a project, and of single images that differ."""

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q

from webapp.images.models import Image
from webapp.models import Thing
from webapp.teams.models import Project

EVERY = timedelta(days=1)
DEFAULT_KEEP = 10
DEFAULT_RELEASES = 10


class RetentionRule(Thing):
    """The rule of a project's images, or (`image`) of one of them. Without a rule nothing is ever removed."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="retention_rules")
    image = models.OneToOneField(Image, on_delete=models.CASCADE, null=True, related_name="retention_rule")
    keep = models.PositiveSmallIntegerField(default=DEFAULT_KEEP)  # the last builds that succeeded
    days = models.PositiveSmallIntegerField(null=True)  # and those that are younger
    keep_tagged = models.BooleanField(default=True)  # and those of a Git tag
    releases = models.PositiveSmallIntegerField(default=DEFAULT_RELEASES)  # a service can go back to, in each place
    ran_at = models.DateTimeField()  # when it was applied last, or set: it is applied a day later

    class Meta:
        ordering = ("project", "id")
        constraints = (
            models.UniqueConstraint(fields=("project",), condition=Q(image=None), name="one_rule_per_project"),
        )

    @property
    def next_at(self) -> datetime:
        """When the control loop applies it next."""
        return self.ran_at + EVERY
