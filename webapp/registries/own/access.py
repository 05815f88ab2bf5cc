"""What may be done in the own registry: by a host for its job, by a person with a token, by Slipway itself."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from webapp.jobs.models import Job
from webapp.registries.own.place import address, is_within, prefix_of
from webapp.teams.models import Project
from webapp.teams.policy import Action, Actor, may

MAX_SCOPES = 20
MAX_SCOPE = 400

_SCOPE = re.compile(r"repository:([a-z0-9][a-z0-9._/-]{0,254}):([a-z,]{1,40})")

PUSHES = "push"  # in an order
May = Callable[[str, str], bool]  # repository, "pull" or "push"


@dataclass(frozen=True, slots=True)
class Access:
    """Something asked for, or granted, in the words of the token."""

    repository: str
    actions: tuple[str, ...]

    def claim(self) -> dict[str, Any]:
        """As it stands in the token."""
        return {"type": "repository", "name": self.repository, "actions": list(self.actions)}


def asked(scopes: Iterable[str]) -> list[Access]:
    """What these scopes ask for. What is none of ours, such as the catalog, is left out."""
    words = [word for scope in scopes for word in scope.split(" ")][:MAX_SCOPES]
    found = [_SCOPE.fullmatch(word) for word in words if len(word) <= MAX_SCOPE]
    return [Access(match[1], tuple(dict.fromkeys(match[2].split(",")))) for match in found if match]


def granted(wanted: Iterable[Access], allows: May) -> list[Access]:
    """As much of it as is allowed: pull and push alone."""
    kept = [
        Access(
            one.repository,
            tuple(each for each in one.actions if each in ("pull", "push") and allows(one.repository, each)),
        )
        for one in wanted
    ]
    return [one for one in kept if one.actions]


def of_job(job: Job) -> May:
    """A host pulls what its job's team has, and pushes where the job's order says."""
    start = f"{prefix_of(job.project.team)}/"
    pushed = {
        str(push["repository"]).removeprefix(f"{address()}/")
        for push in job.order.get(PUSHES, ())
        if str(push["repository"]).startswith(f"{address()}/")
    }

    def allows(repository: str, action: str) -> bool:
        if repository in pushed and is_within(job.project, repository):
            return True
        return action == "pull" and repository.startswith(start)

    return allows


def of_person(actor: Actor) -> May:
    """Somebody pulls the images of the projects that they may see."""

    def allows(repository: str, action: str) -> bool:
        parts = repository.split("/")
        if action != "pull" or len(parts) < len(("prefix", "project", "image")):
            return False
        projects = Project.objects.visible_to(actor).filter(slug=parts[1]).select_related("team")
        return any(is_within(project, repository) and may(actor, Action.SEE, project) for project in projects)

    return allows
