"""WHAT: images and builds."""

from __future__ import annotations

from typing import Any

from django.db import models

from runtime.contract.references import Reference
from webapp.hosts.models import Host
from webapp.images.querysets import BuildQuerySet, ImageQuerySet, PushQuerySet, RevisionQuerySet
from webapp.jobs.models import Job
from webapp.logs.models import Log
from webapp.models import Thing
from webapp.registries.models import Registry
from webapp.teams.models import Project, User

MAX_DIGITS = 9  # of a number that somebody wrote


class Image(Thing):
    """A named definition: where it comes from and how to build it. Every change gives it a new `revision`."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="images")
    slug = models.CharField(max_length=40)
    source = models.JSONField()  # {"kind": "dockerfile", "dockerfile", "files"} | {"kind": "git", "url", "ref", …}
    build = models.JSONField(default=dict)  # {"args", "target", "timeout", "no_cache"}
    revision = models.PositiveIntegerField(default=1)
    next_number = models.PositiveIntegerField(default=1)

    objects = ImageQuerySet.as_manager()

    class Meta:
        ordering = ("slug", "id")
        constraints = (models.UniqueConstraint(fields=("project", "slug"), name="one_image_per_slug"),)

    def __str__(self) -> str:
        return self.slug


class ImageRevision(Thing):
    """A definition as it once was: a row per change, never changed itself. Builds keep their own copy besides."""

    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    source = models.JSONField()
    build = models.JSONField(default=dict)
    why = models.CharField(max_length=200, blank=True)
    made_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    made_as = models.CharField(max_length=200)  # the actor's label at the time
    made_at = models.DateTimeField()

    objects = RevisionQuerySet.as_manager()

    class Meta:
        ordering = ("image", "-number")
        constraints = (models.UniqueConstraint(fields=("image", "number"), name="one_revision_per_number"),)

    def __str__(self) -> str:
        return f"revision {self.number}"

    @property
    def definition(self) -> dict[str, Any]:
        """As builds keep theirs."""
        return {"source": self.source, "build": self.build}

    def before(self) -> ImageRevision | None:
        """The one that it replaced."""
        earlier = ImageRevision.objects.filter(image=self.image_id, number__lt=self.number)
        return earlier.order_by("-number").first()

    def sibling(self, number: str) -> ImageRevision | None:
        """The image's revision of that number, as somebody wrote it."""
        if not (number.isascii() and number.isdigit() and len(number) <= MAX_DIGITS):
            return None
        return ImageRevision.objects.filter(image=self.image_id, number=int(number)).first()


class Build(Thing):
    """One numbered attempt to produce an image. States: runtime.contract.states.BUILD."""

    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="builds")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=12, default="queued")
    definition = models.JSONField()  # source and build settings as they were: what it was made from
    revision = models.PositiveIntegerField()
    job = models.OneToOneField(Job, on_delete=models.PROTECT, related_name="build")
    log = models.OneToOneField(Log, on_delete=models.PROTECT, related_name="build")
    host = models.ForeignKey(Host, on_delete=models.PROTECT, related_name="builds")
    digest = models.CharField(max_length=71, blank=True, db_index=True)  # the manifest's if pushed, else config_digest
    config_digest = models.CharField(max_length=71, blank=True)  # the engine's image ID
    size = models.BigIntegerField(null=True)
    layers = models.JSONField(default=list)
    commit = models.CharField(max_length=40, blank=True)
    builder = models.CharField(max_length=20, blank=True)
    requested_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    requested_as = models.CharField(max_length=200)  # the actor's label at the time
    trigger = models.JSONField(null=True)  # {"kind": "hook", "hook", "branch", "tag", "commit", "author"}, or a person
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    problem = models.JSONField(null=True)
    expired_at = models.DateTimeField(null=True)  # when retention let go of its image; the row stays, and says so

    objects = BuildQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        constraints = (models.UniqueConstraint(fields=("image", "number"), name="one_build_per_number"),)

    @property
    def seconds(self) -> float | None:
        """From when a host took it to its end; None while that is not known."""
        if self.started_at is None or self.finished_at is None:
            return None
        return max((self.finished_at - self.started_at).total_seconds(), 0.0)

    def __str__(self) -> str:
        made = f" of commit {self.commit[:8]}" if self.commit else ""
        return f"build {self.number}{made}, {self.digest.removeprefix('sha256:')[:12]}"


class Inventory(models.Model):
    """The packages that a build's image holds, where a package database was found in it."""

    build = models.OneToOneField(Build, on_delete=models.CASCADE, related_name="inventory", primary_key=True)
    packed = models.TextField()  # runtime.contract.packages
    count = models.PositiveIntegerField()

    class Meta:
        verbose_name_plural = "inventories"

    def __str__(self) -> str:
        return f"{self.count} packages"


class Destination(Thing):
    """Where every build of an image is pushed. The first is the one that counts, the others are its mirrors."""

    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="destinations")
    registry = models.ForeignKey(Registry, on_delete=models.CASCADE, related_name="+")
    position = models.PositiveSmallIntegerField()
    repository = models.CharField(max_length=255)  # within the registry
    tags = models.JSONField()  # templates: runtime.contract.tagging

    class Meta:
        ordering = ("image", "position", "id")
        constraints = (
            models.UniqueConstraint(fields=("image", "registry", "repository"), name="one_destination_per_repository"),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """registry/repository, as engines name it."""
        return Reference.parse(f"{self.registry.address}/{self.repository}:x").name


class Push(Thing):
    """One build on its way to one repository: with the build itself, or by a job of its own. States: states.PUSH."""

    build = models.ForeignKey(Build, on_delete=models.CASCADE, related_name="pushes")
    job = models.OneToOneField(Job, on_delete=models.CASCADE, null=True, related_name="push")  # None: the build's own
    registry = models.ForeignKey(Registry, on_delete=models.SET_NULL, null=True, related_name="+")  # None: forgotten
    repository = models.CharField(max_length=255)  # registry/repository, as engines name it
    primary = models.BooleanField(default=False)  # its failure fails the build
    templates = models.JSONField()
    state = models.CharField(max_length=12, default="queued")
    tags = models.JSONField(default=list)  # those that are there now
    left_out = models.JSONField(default=dict)  # template -> why the build has no such tag
    digest = models.CharField(max_length=71, blank=True)  # of the manifest there
    let_go_at = models.DateTimeField(null=True)  # when Slipway's own registry was told to let go of it, or has lost it
    problem = models.JSONField(null=True)
    requested_as = models.CharField(max_length=200)
    finished_at = models.DateTimeField(null=True)

    objects = PushQuerySet.as_manager()

    class Meta:
        ordering = ("created_at", "id")

    def __str__(self) -> str:
        return self.repository

    @property
    def stands(self) -> str:
        """Its state as people see it: on its way while a host works on it, by the build's job or by its own."""
        if self.state != "queued":
            return self.state
        working = self.job.state == "running" if self.job is not None else self.build.state == "pushing"
        return "pushing" if working else "queued"

    @property
    def reference(self) -> str:
        """The image there by digest; empty where it is not."""
        return f"{self.repository}@{self.digest}" if self.digest else ""
