"""Two builds of an image side by side: commits, definitions, layers, packages, size, time."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from webapp.images.insight.difference import Difference, differ
from webapp.images.insight.inventory import PackageChanges, compare_packages, packages_of
from webapp.images.insight.layers import readable
from webapp.images.models import Build

# https://host/path(.git), ssh://git@host:22/path(.git), git@host:path(.git)
_PLACE = re.compile(
    r"(?:https://|ssh://(?:[^@/]+@)?|[\w.-]+@)(?P<host>[a-z0-9.-]+)(?P<port>:\d+)?[:/]/?(?P<path>[\w./~+@-]+?)(?:\.git)?/?",
    re.IGNORECASE,
)
# A code host is known by its name; where each shows two commits beside one another.
_COMPARE = {
    "github": "https://{place}/compare/{before}...{after}",
    "gitlab": "https://{place}/-/compare/{before}...{after}",
    "gitea": "https://{place}/compare/{before}...{after}",
    "forgejo": "https://{place}/compare/{before}...{after}",
    "codeberg": "https://{place}/compare/{before}...{after}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerSteps:
    """What both images begin with, and what each goes on with. Entries are as builds keep their layers, with bytes
    in them. `known`: the engine told which layers they are; else they are compared by what made them.
    """

    common: tuple[Mapping[str, Any], ...]
    removed: tuple[Mapping[str, Any], ...]
    added: tuple[Mapping[str, Any], ...]
    known: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What became different from `before` to `after`. Sizes in bytes, times in seconds; None where not known."""

    before: Build
    after: Build
    commits: str | None  # address of a page that shows what lies between the commits
    definition: Difference
    layers: LayerSteps
    grown: int | None
    longer: float | None
    packages: PackageChanges | None


def compare(before: Build, after: Build) -> Comparison:
    """Both with their definitions and layers."""
    return Comparison(
        before=before,
        after=after,
        commits=commits_between(before, after),
        definition=differ(before.definition, after.definition),
        layers=compare_layers(before.layers, after.layers),
        grown=after.size - before.size if before.size is not None and after.size is not None else None,
        longer=_longer(before.seconds, after.seconds),
        packages=compare_packages(packages_of(before), packages_of(after)),
    )


def commits_between(before: Build, after: Build) -> str | None:
    """Where the code host shows what lies between their commits; None where that is not known."""
    return compare_address(_url(after), before.commit, after.commit) if _url(before) == _url(after) else None


def compare_layers(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> LayerSteps:
    """A layer is the same only upon the same layers: what both begin with is shared, the rest is not."""
    old, new = _filled(before), _filled(after)
    known = all(layer["digest"] for layer in (*old, *new))
    same = 0
    for one, other in zip(old, new, strict=False):
        if _identity(one, known=known) != _identity(other, known=known):
            break
        same += 1
    return LayerSteps(common=tuple(new[:same]), removed=tuple(old[same:]), added=tuple(new[same:]), known=known)


def compare_address(url: str, before: str, after: str) -> str | None:
    """Where the code host shows what lies between two commits; None where that is not known, or nothing does."""
    place = _PLACE.fullmatch(url)
    if place is None or not before or not after or before == after:
        return None
    host = place["host"].lower()
    port = place["port"] or "" if url.lower().startswith("https://") else ""
    shown = next((form for name, form in _COMPARE.items() if name in host), None)
    return shown.format(place=f"{host}{port}/{place['path']}", before=before, after=after) if shown else None


def _filled(layers: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{**layer, "instruction": readable(layer["instruction"])} for layer in layers if layer["size"] > 0]


def _identity(layer: Mapping[str, Any], *, known: bool) -> object:
    return layer["digest"] if known else (layer["instruction"], layer["size"])


def _longer(before: float | None, after: float | None) -> float | None:
    return after - before if before is not None and after is not None else None


def _url(build: Build) -> str:
    return str(build.definition.get("source", {}).get("url") or "")
