"""Registries: where images are pushed to and pulled from."""

from django.db import models

from webapp.models import Thing
from webapp.registries.querysets import RegistryQuerySet
from webapp.teams.models import Project, Team, User

API_OF = {"docker.io": "registry-1.docker.io"}  # where a registry's API is not where its images' names say


class Registry(Thing):
    """A registry as one team knows it, for all its projects or for one. Its password is never read back."""

    SEALED = ("password",)

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="registries")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, null=True, related_name="registries")
    own = models.BooleanField(default=False)  # Slipway's own: webapp.registries.own says who may do what there
    address = models.CharField(max_length=255)  # host, with a port where it needs one
    plain = models.BooleanField(default=False)  # http instead of https
    prefix = models.CharField(max_length=200, blank=True)  # the part of repositories' names before the image's slug
    username = models.CharField(max_length=200, blank=True)
    password = models.BinaryField(blank=True, default=b"")  # empty: it is asked without one
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    checked_at = models.DateTimeField(null=True)
    complaint = models.CharField(max_length=400, blank=True)  # of the last check; empty: it answered well

    objects = RegistryQuerySet.as_manager()

    class Meta:
        ordering = ("address", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("team", "address"), condition=models.Q(project=None), name="one_registry_per_team"
            ),
            models.UniqueConstraint(fields=("project", "address"), name="one_registry_per_project"),
        )

    def __str__(self) -> str:
        return self.address

    @property
    def url(self) -> str:
        """Where its API begins, without a slash."""
        return f"{'http' if self.plain else 'https'}://{API_OF.get(self.address, self.address)}"


class Erasure(Thing):
    """A manifest that Slipway's own registry is to let go of, by its exact digest, and what came of it."""

    registry = models.ForeignKey(Registry, on_delete=models.CASCADE, related_name="erasures")
    project = models.ForeignKey(Project, on_delete=models.SET_NULL, null=True, related_name="erasures")
    repository = models.CharField(max_length=255)  # within the registry
    digest = models.CharField(max_length=71)  # of the manifest
    state = models.CharField(max_length=10, default="waiting")  # waiting | erased | kept: counted on again
    tries = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()
    problem = models.CharField(max_length=400, blank=True)  # of the last try
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-created_at", "-id")
        constraints = (
            models.UniqueConstraint(
                fields=("registry", "repository", "digest"),
                condition=models.Q(state="waiting"),
                name="one_erasure_at_a_time",
            ),
        )

    def __str__(self) -> str:
        return f"{self.registry.address}/{self.repository}@{self.digest}"
