"""Channels, by which a project tells others what happened, and the notices that go out by them."""

from django.db import models

from webapp.models import Thing
from webapp.notices.querysets import ChannelQuerySet, NoticeQuerySet
from webapp.teams.models import Project, User


class Channel(Thing):
    """One receiver. Its address and secret are sealed together; `target` is what of it may be shown."""

    SEALED = ("sealed",)

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="channels")
    name = models.CharField(max_length=40)
    kind = models.CharField(max_length=14)  # validation.KINDS
    target = models.CharField(max_length=300)
    sealed = models.BinaryField()  # JSON: {"url", "secret"}
    forge = models.CharField(max_length=10, blank=True)  # of a commit_status: github | gitlab | gitea
    credential = models.CharField(max_length=128, blank=True)  # the same: the project's secret with the token
    events = models.JSONField(default=list)
    images = models.JSONField(default=list)  # patterns of slugs; none of them: every image
    environments = models.JSONField(default=list)  # the same for environments
    enabled = models.BooleanField(default=True)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")

    objects = ChannelQuerySet.as_manager()

    class Meta:
        ordering = ("name", "id")
        constraints = (models.UniqueConstraint(fields=("project", "name"), name="one_channel_per_name"),)

    def __str__(self) -> str:
        return self.name

    def as_target(self) -> tuple[str, str, str]:
        """How the trail names it."""
        return "channel", self.id, f"{self.project.slug} {self.name}"


class Notice(Thing):
    """One thing to tell by one channel, written in the transaction in which it happened. Told at least once."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="notices")
    event = models.CharField(max_length=40)
    subject = models.CharField(max_length=26)  # the build's or deployment's id
    thread = models.CharField(max_length=80, blank=True)  # of these only the newest counts (a commit's status)
    facts = models.JSONField()  # what happened, as it was then
    state = models.CharField(max_length=8, default="queued")  # queued | sent | failed | skipped
    tries = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    status = models.PositiveSmallIntegerField(null=True)  # of the last answer
    said = models.CharField(max_length=300, blank=True)  # how the last try went, in our own words

    objects = NoticeQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        indexes = (models.Index(fields=("state", "next_at"), name="notices_due"),)
        constraints = (
            models.UniqueConstraint(fields=("channel", "event", "subject"), name="one_notice_per_happening"),
        )
