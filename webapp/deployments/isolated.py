"""Which services use an isolation profile (`webapp.isolation.using.Users`)."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Q

from webapp.deployments.models import DesiredState, Service
from webapp.isolation.models import Profile
from webapp.isolation.using import Use


def users(profile: Profile) -> Sequence[Use]:
    """Services whose settings name it, everywhere or in one environment, and those that run with it."""
    services = Service.objects.select_related("project").only("slug", "project__slug", "settings", "overrides")
    runs = DesiredState.objects.filter(replicas__gt=0, release__settings__isolation__profile=profile.slug)
    certain = Q(settings__isolation__profile=profile.slug) | Q(id__in=runs.values("service"))
    found = {service.id: service for service in services.filter(certain)}
    # By environment there is no path to ask the database for.
    for service in services.exclude(overrides={}).iterator():
        if any(_names(there, profile.slug) for there in service.overrides.values()):
            found[service.id] = service
    uses = [Use(id=service.id, words=f"{service.project.slug}/{service.slug}") for service in found.values()]
    return sorted(uses, key=lambda use: use.words)


def _names(there: Mapping[str, Any], slug: str) -> bool:
    return bool(there.get("isolation", {}).get("profile") == slug)
