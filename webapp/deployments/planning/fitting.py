"""Which hosts a service may be placed on: the labels that it asks for, and the room that they have for it. Pure."""

import math
from collections.abc import Mapping
from typing import Any

from webapp.deployments.planning import wording
from webapp.deployments.planning.plans import HostFacts, PlanRequest
from webapp.deployments.settings.aspects import setting

SLIGHTLY = 1e-6  # of a CPU: limits are sums of fractions


def lacks(host: HostFacts, settings: Mapping[str, Any]) -> str | None:
    """The first label that the service asks for and the host does not have, as key=value."""
    asked: Mapping[str, str] = setting(settings, "placement")["labels"]
    return next((f"{key}={asked[key]}" for key in sorted(asked) if host.labels.get(key) != asked[key]), None)


def why_not(request: PlanRequest, host: HostFacts) -> str | None:
    """Why this host cannot take replicas of the service, as the end of a sentence; None when it can."""
    settings = request.content.settings
    if host.id in request.leaving:
        return "is being left."
    if found := wording.why_not(host):
        return found
    if label := lacks(host, settings):
        return f"lacks the label {label} that the service asks for."
    return full(host, settings) if room(host, settings) == 0 else None


def room(host: HostFacts, settings: Mapping[str, Any]) -> int | None:
    """How many copies of the service the host takes in all beside what others have there; None: any number."""
    bounds = [
        max(0, math.floor((most - used + SLIGHTLY) / each))
        for most, used, each in _bounds(host, settings)
        if most is not None
    ]
    return min(bounds, default=None)


def full(host: HostFacts, settings: Mapping[str, Any]) -> str:
    """Which bound of the host leaves no room, in words."""
    names = ("replicas", "CPUs", "bytes of memory")
    for name, (most, used, each) in zip(names, _bounds(host, settings), strict=True):
        if most is not None and most - used + SLIGHTLY < each:
            return f"may carry {most:g} {name} at most, and what others have there leaves no room."
    return "has no room."


def _bounds(host: HostFacts, settings: Mapping[str, Any]) -> tuple[tuple[float | None, float, float], ...]:
    limits: Mapping[str, float] = settings["limits"]
    return (
        (host.max_replicas, host.used_replicas, 1),
        (host.max_cpus, host.used_cpus, limits["cpus"]),
        (host.max_memory, host.used_memory, limits["memory"]),
    )
