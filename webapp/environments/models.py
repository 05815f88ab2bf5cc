"""Environments: the ordered places of a project, with hosts, variables, secrets, protection."""

from datetime import datetime

from django.db import models

from webapp.environments.opening import Closed, closed
from webapp.environments.querysets import InProjectQuerySet, SecretQuerySet
from webapp.hosts.models import Host
from webapp.models import Thing
from webapp.teams.models import Project, User


class Environment(Thing):
    """A place such as dev, staging, production; `rank` orders them from left to right."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="environments")
    slug = models.CharField(max_length=40)
    rank = models.PositiveSmallIntegerField()
    protected = models.BooleanField(default=False)
    required_approvals = models.PositiveSmallIntegerField(default=0)  # only where protected
    approval_hours = models.PositiveSmallIntegerField(default=24)  # after so long an approval counts no more
    allow_skipping = models.BooleanField(default=True)  # may run what has not succeeded in the environment before?
    windows = models.JSONField(default=list)  # when deployments may start: webapp.environments.opening
    freezes = models.JSONField(default=list)  # when none may
    hosts = models.ManyToManyField(Host, related_name="environments", blank=True)
    variables = models.JSONField(default=dict)  # NAME -> value, plain
    changed_by = models.JSONField(default=dict)  # "hosts", "variables.NAME" -> id of the person who changed it last

    objects = InProjectQuerySet.as_manager()

    class Meta:
        ordering = ("rank", "slug")
        constraints = (
            models.UniqueConstraint(fields=("project", "slug"), name="one_environment_per_slug"),
            models.UniqueConstraint(fields=("project", "rank"), name="one_environment_per_rank"),
        )

    def __str__(self) -> str:
        return self.slug

    def closed(self, now: datetime) -> Closed | None:
        """Why no deployment may start here now, and when the next one may; None when it may."""
        return closed(windows=self.windows, freezes=self.freezes, now=now)


class Use(models.TextChoices):
    """What a secret is for. All versions of a name in one place are for the same."""

    VARIABLE = "variable"  # containers find it in the variable of its name
    CREDENTIAL = "credential"  # fetching a source signs in with it; no container gets it
    BUILD = "build"  # steps of builds may mount it as a file; neither container nor image gets it


class Secret(Thing):
    """One version of a secret; never changed, a new value is a new version. Nobody reads a value back."""

    SEALED = ("ciphertext",)
    REVEALED = "ciphertext"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="secrets")
    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, null=True, related_name="secrets")
    name = models.CharField(max_length=128)
    use = models.CharField(max_length=10, choices=Use, default=Use.VARIABLE)
    version = models.PositiveIntegerField()
    ciphertext = models.BinaryField()
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    retired_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    retired_at = models.DateTimeField(null=True)  # deleted by a person; kept while a release names it

    objects = SecretQuerySet.as_manager()

    class Meta:
        ordering = ("name", "-version")
        constraints = (
            models.UniqueConstraint(
                fields=("project", "environment", "name", "version"),
                name="one_secret_per_version",
                nulls_distinct=False,
            ),
        )
