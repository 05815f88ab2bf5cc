"""What differs between two releases, for people. Values of secrets are never known here; their versions are."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from webapp.deployments.models import Release

SHORT = 12


@dataclass(frozen=True)
class Change:
    """One thing that differs; '' where it is not there. `kind`: build, setting, variable, secret."""

    kind: str
    name: str
    before: str
    after: str


def changes(before: Release, after: Release) -> list[Change]:
    """From one release to another. Empty when they run the same."""
    found = list(_changes(before, after))
    if before.digest != after.digest:
        found.insert(0, Change("build", "image", _named(before), _named(after)))
    return found


def _named(release: Release) -> str:
    return f"build {release.build.number}, {release.digest.removeprefix('sha256:')[:SHORT]}"


def _changes(before: Release, after: Release) -> Iterator[Change]:
    yield from _mapped("setting", before.settings, after.settings)
    yield from _mapped("variable", before.variables, after.variables)
    yield from _mapped("secret", _versions(before), _versions(after))


def _versions(release: Release) -> dict[str, str]:
    return {name: f"version {secret['version']}" for name, secret in release.secrets.items()}


def _mapped(kind: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    for name in sorted({*before, *after}):
        if before.get(name) != after.get(name):
            yield Change(kind, name, _text(before, name), _text(after, name))


def _text(values: Mapping[str, Any], name: str) -> str:
    if name not in values:
        return ""
    value = values[name]
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
