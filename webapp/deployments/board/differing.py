"""How what runs in an environment differs from what runs in the one before it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from webapp.deployments.models import Release, Service
from webapp.environments.models import Environment


@dataclass(frozen=True)
class Difference:
    """How a cell differs from its left neighbour. What one of the two has of its own is meant to differ."""

    build: bool
    settings: tuple[str, ...] = ()  # names
    variables: tuple[str, ...] = ()  # names
    own: tuple[str, ...] = ()  # names of settings and variables that one of the two has of its own

    def __bool__(self) -> bool:
        return self.build or bool(self.settings or self.variables or self.own)

    @property
    def words(self) -> str:
        """In short."""
        if self.build:
            return "another build than the left"
        return "other settings than the left" if self.settings or self.variables else "settings of its own"


def difference(
    service: Service, left: tuple[Environment, Release] | None, here: tuple[Environment, Release] | None
) -> Difference | None:
    """None when they run the same, or one runs nothing."""
    if left is None or here is None:
        return None
    settings = _differing(left[1].settings, here[1].settings)
    variables = _differing(left[1].variables, here[1].variables)
    own_settings, own_variables = _own(service, left[0]), _own_variables(service, left[0])
    own_settings |= _own(service, here[0])
    own_variables |= _own_variables(service, here[0])
    found = Difference(
        build=left[1].digest != here[1].digest,
        settings=tuple(name for name in settings if name not in own_settings),
        variables=tuple(name for name in variables if name not in own_variables),
        own=tuple(name for name in settings if name in own_settings)
        + tuple(name for name in variables if name in own_variables),
    )
    return found or None


def _own(service: Service, environment: Environment) -> set[str]:
    """Settings that the service has for this environment alone."""
    return set(service.overrides.get(environment.slug, {}))


def _own_variables(service: Service, environment: Environment) -> set[str]:
    """Variables that are of this environment alone."""
    return {*environment.variables, *service.overrides.get(environment.slug, {}).get("variables", {})}


def _differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    return [name for name in sorted({*one, *other}) if one.get(name) != other.get(name)]
