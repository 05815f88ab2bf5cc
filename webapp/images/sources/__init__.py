"""Where an image comes from: one file per kind of source, gathered in a table.

A kind says how its part of a definition is checked and described, which credentials a build of it needs, and what a
host is asked to do. What it needs of the project (a credential, something uploaded) is looked at when it is defined.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from runtime.contract.orders import ImageOrder
from webapp.findings import Findings
from webapp.images.sources import archive, container, git, inline, reference, saved, uploaded
from webapp.images.sources.building import Asked, build_order
from webapp.teams.models import Project


def _as_it_is(project: Project, source: dict[str, Any]) -> dict[str, Any]:
    return source


def _no_more(project: Project, source: Mapping[str, Any]) -> dict[str, str]:
    return {}


def _no_secrets(source: Mapping[str, Any]) -> tuple[str, ...]:
    return ()


def _kind_alone(source: Mapping[str, Any]) -> str:
    return str(source["kind"])


class Kind(NamedTuple):
    """One way an image comes to be.

    `clean(findings, source, dockerfile of the build settings)`: the source as it is kept, what is wrong noted by field.
    `settle(project, source)`: looked at in the project, and completed. `secrets(source)`: names of credentials;
    `more_secrets(project, source)`: what else a build's claim reveals, its name there to its id.
    `line(source)`: where it comes from, for a list.
    """

    clean: Callable[[Findings, Mapping[str, object], str | None], dict[str, Any]]
    schema: Mapping[str, Any]
    order: Callable[[Asked], ImageOrder] = build_order
    settle: Callable[[Project, dict[str, Any]], dict[str, Any]] = _as_it_is
    secrets: Callable[[Mapping[str, Any]], tuple[str, ...]] = _no_secrets
    more_secrets: Callable[[Project, Mapping[str, Any]], dict[str, str]] = _no_more
    line: Callable[[Mapping[str, Any]], str] = _kind_alone
    has_refs: bool = False  # a build may name a branch, tag or commit of it
    builds: bool = True  # its host needs a builder
    of_container: bool = False  # it is made where its container is


KINDS: Mapping[str, Kind] = {
    "dockerfile": Kind(clean=inline.clean, schema=inline.SCHEMA, line=inline.line),
    "git": Kind(
        clean=git.clean,
        schema=git.SCHEMA,
        order=git.order,
        settle=git.settle,
        secrets=git.secrets,
        more_secrets=git.key_secrets,
        line=git.line,
        has_refs=True,
    ),
    "archive": Kind(
        clean=archive.clean, schema=archive.SCHEMA, settle=uploaded.settle, order=archive.order, line=archive.line
    ),
    "reference": Kind(
        clean=reference.clean,
        schema=reference.SCHEMA,
        settle=reference.settle,
        order=reference.order,
        line=reference.line,
        builds=False,
    ),
    "saved": Kind(
        clean=saved.clean,
        schema=saved.SCHEMA,
        settle=saved.settle,
        order=saved.order,
        line=saved.line,
        builds=False,
    ),
    "container": Kind(
        clean=container.clean, schema=container.SCHEMA, order=container.order, line=container.line, of_container=True
    ),
}
SCHEMA: dict[str, Any] = {"oneOf": [kind.schema for kind in KINDS.values()]}


def kind_of(source: Mapping[str, Any]) -> Kind:
    """The kind of a source that was checked."""
    return KINDS[source["kind"]]


def clean_source(findings: Findings, source: object, *, dockerfile_in_build: str | None) -> dict[str, Any]:
    """The source as it is kept; what is wrong is noted by field."""
    named = source.get("kind") if isinstance(source, Mapping) else None
    kind = KINDS.get(named) if isinstance(named, str) else None
    if kind is None or not isinstance(source, Mapping):
        findings.add("source.kind", f"This must be one of: {', '.join(KINDS)}.")
        return {}
    return kind.clean(findings, source, dockerfile_in_build)
