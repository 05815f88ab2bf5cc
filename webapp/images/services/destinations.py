"""Where the builds of an image are pushed: to one registry, and to its mirrors."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from runtime.contract import tagging
from runtime.contract.references import BadReference, Reference
from webapp.audit import services as audit
from webapp.findings import Findings
from webapp.images.models import Destination, Image
from webapp.images.services.defining import lock_image
from webapp.jobs.broadcast import changed
from webapp.registries.models import Registry
from webapp.registries.own import place as own
from webapp.teams.models import Project
from webapp.teams.policy import Action, Actor, require

MAX_DESTINATIONS = 5  # one, and four mirrors
MAX_REPOSITORY = 255
DEFAULT_TAGS = ("{number}",)
KNOWN = ("registry", "repository", "tags")


@dataclass(frozen=True, slots=True)
class Goal:
    """One destination, clean. `repository` is the whole path within the registry."""

    registry: Registry
    repository: str
    tags: tuple[str, ...]

    @property
    def name(self) -> str:
        """registry/repository as engines write it."""
        return Reference.parse(f"{self.registry.address}/{self.repository}:x").name


def set_destinations(*, actor: Actor, image: Image, push: object) -> list[Destination]:
    """From now on builds of the image are pushed there and nowhere else; the first one counts, the others mirror it.

    Each is {"registry": ID, "repository"?, "tags"?}. Builds that were asked for before keep theirs. Raises `Invalid`.
    """
    require(actor, Action.DEFINE, image.project)
    findings = Findings()
    goals = _goals(findings, image, push)
    findings.settle()
    with transaction.atomic():
        lock_image(image)
        before = _facts(image)
        if before == [_fact(goal) for goal in goals]:
            return list(image.destinations.all())
        image.destinations.all().delete()
        for position, goal in enumerate(goals):
            Destination.objects.create(
                image=image,
                position=position,
                registry=goal.registry,
                repository=goal.repository,
                tags=list(goal.tags),
            )
        _record(actor, image, before=before)
    return list(image.destinations.select_related("registry"))


def clean_goal(findings: Findings, *, project: Project, slug: str, given: object, field: str) -> Goal | None:
    """One destination as somebody wrote it, checked; None where something is wrong."""
    known = findings.known(given, field, KNOWN)
    registry = _registry(findings, project, known.get("registry"), f"{field}.registry")
    if registry is None:
        return None
    wanted = known.get("repository") or default_repository(registry, project, slug)
    repository = findings.text(wanted, f"{field}.repository", limit=MAX_REPOSITORY).strip("/")
    tags = _tags(findings, known.get("tags"), f"{field}.tags")
    if registry.own and repository and not own.is_within(project, repository):
        start = own.repository_of(project, "")
        findings.add(f"{field}.repository", f"In Slipway's own registry this project's names begin with {start}.")
    if repository:
        try:
            Reference.parse(f"{registry.address}/{repository}:x")
        except BadReference as error:
            findings.add(f"{field}.repository", str(error))
    return None if findings.errors else Goal(registry, repository, tags)


def default_repository(registry: Registry, project: Project, slug: str) -> str:
    """Where an image goes when nobody says: behind the registry's prefix, under its own short name."""
    if registry.own:
        return own.repository_of(project, slug)
    return f"{registry.prefix}/{slug}" if registry.prefix else slug


def _goals(findings: Findings, image: Image, push: object) -> list[Goal]:
    if not isinstance(push, Sequence) or isinstance(push, str | bytes):
        findings.add("push", "This must be a list of destinations.")
        return []
    if len(push) > MAX_DESTINATIONS:
        findings.add("push", f"At most {MAX_DESTINATIONS}: one, and its mirrors.")
        return []
    goals = [
        clean_goal(findings, project=image.project, slug=image.slug, given=each, field=f"push.{at}")
        for at, each in enumerate(push)
    ]
    found = [goal for goal in goals if goal is not None]
    if len({goal.name for goal in found}) < len(found):
        findings.add("push", "The same repository is named twice.")
    return found


def _registry(findings: Findings, project: Project, id: object, field: str) -> Registry | None:
    usable = Registry.objects.usable_by(project)
    found = usable.filter(id=id).first() if isinstance(id, str) and id.isprintable() else None
    if found is None:
        findings.add(field, "The id of a registry of the project or its team.")
    return found


def _tags(findings: Findings, given: object, field: str) -> tuple[str, ...]:
    if given is None:
        return DEFAULT_TAGS
    if not isinstance(given, Sequence) or isinstance(given, str | bytes) or not given:
        findings.add(field, "This must be a list of tags, such as {branch}-{number}.")
        return ()
    if len(given) > tagging.MAX_TEMPLATES:
        findings.add(field, f"At most {tagging.MAX_TEMPLATES} tags.")
        return ()
    clean = [findings.text(tag, field, limit=tagging.MAX_TEMPLATE) for tag in given]
    for tag in clean:
        complaint = tagging.complaint(tag) if tag else None
        if complaint is not None:
            findings.add(field, complaint)
    return tuple(dict.fromkeys(clean))


def _fact(goal: Goal) -> dict[str, Any]:
    return {"repository": f"{goal.registry.address}/{goal.repository}", "tags": list(goal.tags)}


def _facts(image: Image) -> list[dict[str, Any]]:
    rows = image.destinations.select_related("registry")
    return [{"repository": str(row), "tags": row.tags} for row in rows]


def _record(actor: Actor, image: Image, *, before: list[dict[str, Any]]) -> None:
    audit.record_of(
        image.project,
        actor=actor,
        action="image.push",
        target=("image", image.id, f"{image.project.slug}/{image.slug}"),
        before={"push": before},
        after={"push": _facts(image)},
    )
    changed(kind="image", id=image.id, state="push", project_id=image.project_id)
