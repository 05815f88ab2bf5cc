"""Was this built already? The earlier build that was made from the same definition, and of the same commit.

Honest about what that means: what a Dockerfile builds upon and downloads may have moved since. Where a branch is, only
a host can tell: then the commit is that of when it was last built, and the offer says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runtime.contract import names
from webapp.images.models import Build, Image

LOOKED_AT = 10  # newest builds that succeeded
BY_CONTENT = frozenset(
    {"dockerfile", "archive", "saved"}
)  # kinds whose definition is, or names by its digest, all there is
WITHOUT_EFFECT = frozenset({"timeout", "no_cache"})  # on what comes out


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A build that is still there. `exact`: of the very source; else of the commit that a branch had then."""

    build: Build
    exact: bool


def offer(image: Image, definition: Mapping[str, Any]) -> Offer | None:
    """The newest build of the image that `definition` needs not be built for again. Two queries at most."""
    source = definition["source"]
    rows = Build.objects.filter(image=image, state="succeeded", expired_at=None).exclude(config_digest="")
    for build in rows.order_by("-number").defer("layers")[:LOOKED_AT]:
        if _built(build.definition["build"]) != _built(definition["build"]):
            continue
        if _is_same_source(source, build):
            return Offer(build=build, exact=True)
        if source["kind"] == "git" and _commit_asked(source) is None and source == build.definition["source"]:
            return Offer(build=build, exact=False)
    return None


def _is_same_source(source: Mapping[str, Any], build: Build) -> bool:
    former = build.definition["source"]
    if source["kind"] in BY_CONTENT:
        return bool(source == former)
    commit = _commit_asked(source)
    return commit is not None and commit == build.commit and _without_ref(source) == _without_ref(former)


def _commit_asked(source: Mapping[str, Any]) -> str | None:
    """The commit that a Git source names in full; a branch or tag names none."""
    ref = source.get("ref") or ""
    return ref if source["kind"] == "git" and names.GIT_COMMIT.fullmatch(ref) else None


def _without_ref(source: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in source.items() if name != "ref"}


def _built(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if name not in WITHOUT_EFFECT and value}
