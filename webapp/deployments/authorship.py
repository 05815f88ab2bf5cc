"""Whose work a plan carries: who last changed each part of it that differs from what runs there now. Pure.

Parts of a service are named `image`, `settings.NAME`, `settings.variables.NAME`, and the same with `overrides.SLUG` in
the place of `settings` for one environment; parts of an environment `hosts` and `variables.NAME`.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from webapp.deployments.models import Release, Service
from webapp.deployments.planning.plans import Content, Plan
from webapp.environments.models import Environment

Authors = Mapping[str, str]  # part -> person


@dataclass(frozen=True)
class Frozen:
    """What a release that is to be frozen takes beside its content: settings of everywhere, and who changed them."""

    base: Mapping[str, Any]
    changed_by: Authors


def parts_of(service: Service) -> dict[str, object]:
    """The parts of a service's definition with their values."""
    parts: dict[str, object] = {"image": service.image_id}
    parts.update(_named("settings", service.settings))
    for slug, settings in service.overrides.items():
        parts.update(_named(f"overrides.{slug}", settings))
    return parts


def frozen_of(service: Service, source: Release | None) -> Frozen:
    """As the service is now; with the settings of `source` where that goes on to the next environment."""
    if source is None or source.base is None:
        return Frozen(service.settings, service.changed_by)
    kept = {part: who for part, who in source.changed_by.items() if not part.startswith("overrides.")}
    there = {part: who for part, who in service.changed_by.items() if part.startswith("overrides.")}
    return Frozen(source.base, {**kept, **there})


def authors_of_content(
    content: Content, *, image: str, before: Release | None, changed_by: Authors, environment: Environment
) -> set[str]:
    """People who last changed what of this content is not what runs; of secrets `secrets_changed` tells."""
    here = f"overrides.{environment.slug}"
    found = set()
    for name in _differing(content.settings, before.settings if before is not None else {}):
        found |= _who(changed_by, f"settings.{name}", f"{here}.{name}")
    for name in _differing(content.variables, before.variables if before is not None else {}):
        found |= _who(changed_by, f"settings.variables.{name}", f"{here}.variables.{name}")
        found |= _who(environment.changed_by, f"variables.{name}")
    if before is None or before.build.image_id != image:
        found |= _who(changed_by, "image")
    return found


def authors_of_hosts(plan: Plan, environment: Environment) -> set[str]:
    """Who last chose the environment's hosts, where the plan runs on others than before."""
    after = {step.host for step in plan.steps if step.replicas}
    before = {step.host for step in plan.steps if step.before}
    return _who(environment.changed_by, "hosts") if after != before else set()


def secrets_changed(content: Content, before: Release | None) -> tuple[list[str], list[str]]:
    """Ids of the secrets that this content brings, and of those that it leaves behind."""
    was = {secret["id"] for secret in (before.secrets if before is not None else {}).values()}
    now = {secret["id"] for secret in content.secrets.values()}
    return sorted(now - was), sorted(was - now)


def _named(prefix: str, settings: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    for name, value in settings.items():
        if name == "variables":
            yield from ((f"{prefix}.variables.{key}", text) for key, text in value.items())
        else:
            yield f"{prefix}.{name}", value


def _differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> Collection[str]:
    return [name for name in {**one, **other} if one.get(name) != other.get(name)]


def _who(changed_by: Authors, *parts: str) -> set[str]:
    return {changed_by[part] for part in parts if part in changed_by}
