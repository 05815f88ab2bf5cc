"""An image that a registry holds already: pulled by a host, and pinned by the digest that its name has then."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings

from runtime.contract.orders import Login, PullImage
from runtime.contract.references import MAX_REFERENCE, BadReference, Reference
from webapp.findings import Findings
from webapp.images.sources.building import Asked
from webapp.problems import Forbidden
from webapp.reach import is_allowed
from webapp.registries import logins
from webapp.registries.models import Registry
from webapp.teams.models import Project

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["kind", "reference"],
    "additionalProperties": False,
    "properties": {
        "kind": {"const": "reference"},
        "reference": {
            "type": "string",
            "minLength": 1,
            "maxLength": MAX_REFERENCE,
            "description": "registry/repository:tag, with @sha256:… or instead of the tag; docker.io where no registry "
            "is named. Kept in full. A tag is looked up anew by each build; with both, the tag must name that digest.",
        },
    },
}


def clean(findings: Findings, source: Mapping[str, object], dockerfile_in_build: str | None) -> dict[str, Any]:
    """The source as it is kept, in the canonical form; what is wrong is noted by field."""
    if dockerfile_in_build is not None:
        findings.add("build.dockerfile", "An image that is pulled has no Dockerfile.")
    given = findings.known(source, "source", ("kind", "reference"))
    text = findings.text(given.get("reference"), "source.reference", limit=MAX_REFERENCE).strip()
    return {"kind": "reference", "reference": _canonical(findings, text)}


def line(source: Mapping[str, Any]) -> str:
    """For a list."""
    return str(source["reference"])


def settle(project: Project, source: dict[str, Any]) -> dict[str, Any]:
    """Raises `Forbidden` where this Slipway does not pull from that registry."""
    require_registry(Reference.parse(source["reference"]))
    return source


def order(asked: Asked) -> PullImage:
    """The order to pull it. Raises `Forbidden`: what an administrator allows is asked anew for each build."""
    reference = Reference.parse(asked.source["reference"])
    require_registry(reference)
    return PullImage(
        build=asked.build,
        number=asked.number,
        tag=asked.tag,
        reference=str(reference),
        login=login_at(reference, project=asked.project),
        private=tuple(settings.PRIVATE_TARGETS),
        timeout=asked.settings["timeout"],
    )


def login_at(reference: Reference, *, project: Project) -> Login | None:
    """Who the project is at the reference's registry: by its own registry first, then by its team's."""
    known = Registry.objects.usable_by(project).filter(address=reference.registry).first()
    return logins.login_of(known) if known is not None else None


def require_registry(reference: Reference) -> None:
    """Raise `Forbidden` unless the site's list names the registry; an empty list names all."""
    if not settings.PULLED_REGISTRIES or reference.registry in settings.PULLED_REGISTRIES:
        return
    raise Forbidden(
        code="registry.not_allowed",
        detail=f"This Slipway pulls from {', '.join(settings.PULLED_REGISTRIES)} alone, and not from "
        f"{reference.registry}. An administrator may allow it (SLIPWAY_PULLED_REGISTRIES).",
    )


def _canonical(findings: Findings, text: str) -> str:
    if "source.reference" in findings.errors:
        return text
    try:
        reference = Reference.parse(text)
    except BadReference as error:
        findings.add("source.reference", str(error))
        return text
    if not is_allowed(_host(reference.registry)):
        findings.add(
            "source.reference",
            "This registry is private or local; an administrator may allow it (SLIPWAY_PRIVATE_TARGETS).",
        )
    return str(reference)


def _host(registry: str) -> str:
    """A registry without its port, and an IPv6 address without its brackets."""
    if registry.startswith("["):
        return registry[1:].partition("]")[0]
    return registry.partition(":")[0]
