"""How far containers reach: profiles that the site admin defines and teams pick among."""

from django.db import models
from django.db.models import Q

from webapp.isolation.rules import Rules
from webapp.models import Thing


class Profile(Thing):
    """What a container is given, and what a service may ask for beyond. One of them is the default."""

    slug = models.CharField(max_length=40, unique=True)  # never changes: releases name it
    title = models.CharField(max_length=200)
    is_default = models.BooleanField(default=False)
    sets = models.JSONField()  # a value for each of cleaning.SETTABLE
    allows = models.JSONField()  # capabilities new_privileges writable_root root tmpfs runtimes
    ceilings = models.JSONField(default=dict)  # the highest of some limits, by name: rules.CEILINGS

    objects = models.Manager["Profile"]()

    class Meta:
        ordering = ("slug",)
        constraints = (
            models.UniqueConstraint(fields=("is_default",), condition=Q(is_default=True), name="one_default_profile"),
        )

    def __str__(self) -> str:
        return self.slug

    @property
    def rules(self) -> Rules:
        """Its values."""
        return Rules(slug=self.slug, sets=self.sets, allows=self.allows, ceilings=self.ceilings)
