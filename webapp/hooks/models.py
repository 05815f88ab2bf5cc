"""Hooks, through which a code host says that something was pushed, and what they were told."""

from django.db import models
from django.db.models import Q

from webapp.hooks.querysets import DeliveryQuerySet, HookQuerySet
from webapp.images.models import Build, Image
from webapp.models import Thing
from webapp.teams.models import User


class Hook(Thing):
    """One sender for one image. Events that pass its filters build the image at their commit."""

    SEALED = ("ciphertext",)

    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="hooks")
    name = models.CharField(max_length=40)
    kind = models.CharField(max_length=10)  # events.KINDS
    branches = models.JSONField(default=list)  # patterns; none of them: no push of a branch builds
    tags = models.JSONField(default=list)  # the same for tags
    paths = models.JSONField(default=list)  # patterns; none of them: whatever was changed
    enabled = models.BooleanField(default=True)
    ciphertext = models.BinaryField()  # its secret, sealed
    secret_at = models.DateTimeField()  # when that was made
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")

    objects = HookQuerySet.as_manager()

    class Meta:
        ordering = ("name", "id")
        constraints = (models.UniqueConstraint(fields=("image", "name"), name="one_hook_per_name"),)

    def __str__(self) -> str:
        return self.name

    def as_target(self) -> tuple[str, str, str]:
        """How the trail names it."""
        return "hook", self.id, f"{self.image.project.slug}/{self.image.slug} {self.name}"


class Delivery(Thing):
    """One event whose sender proved that it knows the secret, and the answer. Its key and proof are taken once."""

    hook = models.ForeignKey(Hook, on_delete=models.CASCADE, related_name="deliveries")
    key = models.CharField(max_length=100)  # the sender's name for it
    proof = models.CharField(max_length=64, blank=True)  # digest of the signature, where the kind signs
    body_digest = models.CharField(max_length=64)
    event = models.CharField(max_length=60, blank=True)
    push = models.JSONField(null=True)  # events.Push as it was read; null for other events
    headers = models.JSONField(default=dict)  # those that tell something, signatures masked
    body = models.TextField(blank=True)  # its beginning, what looks secret masked
    status = models.PositiveSmallIntegerField()
    reason = models.CharField(max_length=500, blank=True)
    build = models.ForeignKey(Build, on_delete=models.SET_NULL, null=True, related_name="deliveries")
    redelivery_of = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="redeliveries")

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        verbose_name_plural = "deliveries"
        constraints = (
            models.UniqueConstraint(fields=("hook", "key"), name="one_delivery_per_key"),
            models.UniqueConstraint(
                fields=("hook", "proof"), condition=~Q(proof=""), name="one_delivery_per_signature"
            ),
        )

    @property
    def outcome(self) -> str:
        """The answer in a word."""
        if self.status >= 400:
            return "refused"
        return "accepted" if self.status == 202 else "ignored"
