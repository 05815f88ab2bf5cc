"""All aspects of how a service runs, in the order of its form. What is not here cannot be asked for."""

from collections.abc import Mapping
from typing import Any

from webapp.deployments.settings.aspect import Aspect
from webapp.deployments.settings.health import Health
from webapp.deployments.settings.http import Http
from webapp.deployments.settings.isolation import Isolation
from webapp.deployments.settings.limits import Limits, Restart
from webapp.deployments.settings.numbers import Replicas, StopTimeout
from webapp.deployments.settings.placement import Placement
from webapp.deployments.settings.secret_files import SecretFiles
from webapp.deployments.settings.strategy import Strategy
from webapp.deployments.settings.texts import Command, Ports, Variables
from webapp.deployments.settings.volumes import Volumes

ASPECTS: tuple[Aspect, ...] = (
    Command(),
    Ports(),
    Replicas(),
    Variables(),
    Volumes(),
    Http(),
    Health(),
    Limits(),
    Restart(),
    StopTimeout(),
    Strategy(),
    Isolation(),
    SecretFiles(),
    Placement(),
)
FIELDS: tuple[str, ...] = tuple(aspect.name for aspect in ASPECTS)
DEFAULTS: Mapping[str, Any] = {aspect.name: aspect.default for aspect in ASPECTS}


def effective(settings: Mapping[str, Any], overrides: Mapping[str, Any], environment: str) -> dict[str, Any]:
    """All settings in one environment: an override replaces a single setting; variables are joined by name.

    An aspect that came later than releases that are frozen is left out where it is the default, so that they stay the
    same as what would be frozen now: read it by `setting`.
    """
    there = overrides.get(environment, {})
    merged = {aspect.name: _in_force(aspect, settings, there) for aspect in ASPECTS}
    return {aspect.name: merged[aspect.name] for aspect in ASPECTS if aspect.always or not _is_default(aspect, merged)}


def setting(frozen: Mapping[str, Any], name: str) -> Any:
    """One setting of a release or of what would be one: what is not said is the default."""
    return frozen.get(name, DEFAULTS[name])


def _in_force(aspect: Aspect, settings: Mapping[str, Any], there: Mapping[str, Any]) -> Any:
    everywhere = settings.get(aspect.name, aspect.default)
    if aspect.name not in there:
        return aspect.whole(everywhere)
    return aspect.whole(aspect.joined(everywhere, there[aspect.name]))


def _is_default(aspect: Aspect, merged: Mapping[str, Any]) -> bool:
    return bool(merged[aspect.name] == aspect.default)
