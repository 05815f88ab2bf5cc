"""What differs in one environment, as boxes of a service's form, and back: an empty box means as everywhere."""

from collections.abc import Mapping
from typing import Any

from django import forms

from webapp.deployments.settings.aspect import Values
from webapp.deployments.settings.aspects import ASPECTS

CARRIES: Mapping[str, str] = {path: box for aspect in ASPECTS for path, box in aspect.carries.items()}
BOXES: tuple[str, ...] = tuple(name for aspect in ASPECTS for name in aspect.boxes())


def box(*, slug: str, name: str) -> str:
    """The form's name of a box of this environment; a slug has no underscore."""
    return f"{slug}__{name}"


def boxes() -> dict[str, forms.Field]:
    """An environment's boxes by name, like those of everywhere."""
    made: dict[str, forms.Field] = {}
    for aspect in ASPECTS:
        for name, field in aspect.boxes().items():
            aspect.box_there(name, field)
            made[name] = field
    return made


def shown(*, override: Values, everywhere: Values) -> dict[str, Any]:
    """What stands in the boxes."""
    values: dict[str, Any] = {}
    for aspect in ASPECTS:
        if aspect.name in override:
            values |= aspect.shown_there(override[aspect.name], everywhere.get(aspect.name))
    return {name: value for name, value in values.items() if value not in (None, "")}


def carried(*, given: Values, everywhere: Values, former: Values) -> dict[str, Any]:
    """The override that the boxes say; empty when nothing differs. What has no box stays as it was `former`ly."""
    said = {
        aspect.name: aspect.carried_there(given, everywhere.get(aspect.name), former.get(aspect.name))
        for aspect in ASPECTS
    }
    return {name: value for name, value in said.items() if value is not None}
