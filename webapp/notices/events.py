"""What can be told, and how it is said: from rows to plain facts, from facts to words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.urls import reverse

from runtime.contract import names, states
from webapp.deployments.models import Deployment
from webapp.images.models import Build
from webapp.teams.models import Project

OF_BUILDS = ("build.started", "build.succeeded", "build.failed", "build.cancelled")
OF_DEPLOYMENTS = (
    "deployment.awaiting_approval",
    "deployment.succeeded",
    "deployment.failed",
    "deployment.rolled_back",
    "deployment.cancelled",
    "deployment.superseded",
)
EVENTS = (*OF_BUILDS, *OF_DEPLOYMENTS)
EMERGENCY = "deployment.emergency"  # nobody chooses not to hear of it
USUAL = (
    "build.failed",
    "deployment.awaiting_approval",
    "deployment.succeeded",
    "deployment.failed",
    "deployment.rolled_back",
)
TEST = "test"
SAID = {
    "build.started": "is under way",
    "build.succeeded": "succeeded",
    "build.failed": "failed",
    "build.cancelled": "was cancelled",
    "deployment.awaiting_approval": "waits for approval",
    "deployment.succeeded": "succeeded",
    "deployment.failed": "failed",
    "deployment.rolled_back": "failed and was rolled back",
    "deployment.cancelled": "was cancelled",
    "deployment.superseded": "gave way to a newer request",
    EMERGENCY: "is an emergency and goes past the gates: a review is owed",
}
MAX_REASON = 500


@dataclass(frozen=True)
class Happening:
    """One thing that may be told: its event, what it is about, and what filters ask of it."""

    event: str
    subject: str
    image: str
    environment: str
    commit: str
    repository: str
    facts: dict[str, Any]


def of_build(build: Build) -> Happening | None:
    """What a build's state is worth telling; None for nothing."""
    event = f"build.{build.state}" if states.is_terminal(states.BUILD, build.state) else "build.started"
    if event not in OF_BUILDS:
        return None
    project, source, commit = build.image.project, build.definition["source"], commit_of(build)
    facts = {
        "event": event,
        "project": _project(project),
        "image": {"id": build.image_id, "slug": build.image.slug},
        "build": {
            "id": build.id,
            "number": build.number,
            "state": build.state,
            "digest": build.digest or None,
            "commit": commit or None,
            "requested_by": build.requested_as,
            "reason": _reason(build.problem),
        },
        "url": _link("build", build.id),
    }
    repository = source.get("url", "") if source.get("kind") == "git" else ""
    return Happening(event, build.id, build.image.slug, "", commit, repository, facts)


def of_deployment(deployment: Deployment) -> Happening | None:
    """The same for a deployment."""
    event = f"deployment.{deployment.state}"
    if deployment.emergency and deployment.state in ("in_line", "queued"):
        event = EMERGENCY
    elif event not in OF_DEPLOYMENTS:
        return None
    service, environment, release = deployment.service, deployment.environment, deployment.release
    facts = {
        "event": event,
        "project": _project(service.project),
        "image": {"id": service.image_id, "slug": service.image.slug},
        "service": {"id": service.id, "slug": service.slug},
        "environment": {"id": environment.id, "slug": environment.slug},
        "deployment": {
            "id": deployment.id,
            "kind": deployment.kind,
            "state": deployment.state,
            "release": release.number,
            "digest": release.digest,
            "requested_by": deployment.requested_as,
            "emergency": deployment.emergency or None,
            "reason": deployment.emergency if event == EMERGENCY else _reason(deployment.problem),
        },
        "url": _link("deployment", deployment.id),
    }
    return Happening(event, deployment.id, service.image.slug, environment.slug, "", "", facts)


def of_test(*, project: Project, channel: str) -> dict[str, Any]:
    """The facts of a test."""
    return {"event": TEST, "project": _project(project), "channel": channel, "url": _link("board", project.id)}


def commit_of(build: Build) -> str:
    """The full commit that it builds, as soon as it is known; else ''."""
    told = (build.commit, (build.trigger or {}).get("commit"), build.definition["source"].get("ref"))
    return next((text for text in told if text and names.GIT_COMMIT.fullmatch(text)), "")


def title_of(facts: Mapping[str, Any]) -> str:
    """One line."""
    event, project = facts["event"], facts["project"]["slug"]
    if event == TEST:
        return f"Slipway: a test of channel {facts['channel']} of {project}"
    if "build" in facts:
        return f"Build {facts['build']['number']} of {project}/{facts['image']['slug']} {SAID[event]}"
    where = f"{project}/{facts['service']['slug']} to {facts['environment']['slug']}"
    return f"Deployment of {where} {SAID[event]}"


def text_of(facts: Mapping[str, Any]) -> str:
    """The lines below the title, the link last."""
    about = facts.get("build") or facts.get("deployment") or {}
    lines = [
        f"Asked for by {about['requested_by']}." if about else "If you read this, the channel works.",
        f"Release {about['release']}." if about.get("release") else "",
        f"Commit {about['commit']}." if about.get("commit") else "",
        f"Digest {about['digest']}." if about.get("digest") else "",
        about.get("reason") or "",
        facts["url"],
    ]
    return "\n".join(line for line in lines if line)


def _project(project: Project) -> dict[str, str]:
    return {"id": project.id, "slug": project.slug, "name": project.name}


def _reason(problem: Mapping[str, Any] | None) -> str | None:
    return str(problem.get("message", ""))[:MAX_REASON] if problem else None


def _link(name: str, id: str) -> str:
    return f"{settings.PUBLIC_URL}{reverse(name, args=[id])}"
