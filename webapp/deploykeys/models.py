"""Deploy keys: how builds sign in to a Git server by SSH."""

from django.db import models

from webapp.deploykeys.querysets import DeployKeyQuerySet
from webapp.models import Thing
from webapp.teams.models import Project, User


class DeployKey(Thing):
    """A key pair of one project, made here. The private part is never shown; the pair never changes."""

    SEALED = ("private",)
    REVEALED = "private"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="deploy_keys")
    name = models.CharField(max_length=40)  # by which sources name it
    public = models.CharField(max_length=300)  # one line, as servers take it
    fingerprint = models.CharField(max_length=60)  # SHA256:…, as ssh writes it
    private = models.BinaryField()
    known_hosts = models.TextField(blank=True)  # host keys of the servers that it is for, as ssh keeps them
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")

    objects = DeployKeyQuerySet.as_manager()

    class Meta:
        ordering = ("name", "id")
        constraints = (models.UniqueConstraint(fields=("project", "name"), name="one_deploy_key_per_name"),)

    def __str__(self) -> str:
        return self.name
