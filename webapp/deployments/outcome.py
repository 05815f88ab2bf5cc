"""What runs now and why, once a deployment is over: the first thing its page says. Pure."""

from webapp.deployments.models import Deployment, DesiredState, Release

NOT_SURE = "its hosts have not said that the former containers serve again: see the replicas"
UNDONE = {
    "rolled_back": "did not hold, and what ran before was brought back",
    "failed": "this deployment failed",
    "cancelled": "this deployment was taken back",
}


def outcome(deployment: Deployment, *, desired: DesiredState | None, ended: bool) -> str:
    """A sentence; '' while it is not over, and where what was planned is simply what runs."""
    now = desired.release if desired is not None else None
    why = _why(deployment, now) if ended else ""
    if not why:
        return ""
    return f"{_runs(deployment, now, stopped=desired is not None and desired.stopped)}: {why}."


def _runs(deployment: Deployment, now: Release | None, *, stopped: bool) -> str:
    where = deployment.environment.slug
    if now is None:
        return f"Nothing of {deployment.service.slug} runs in {where} now"
    if deployment.state == "failed" and deployment.started_at is not None:
        return f"{_named(now)} is what should run in {where} now"
    return f"{_named(now)} {'is stopped' if stopped else 'runs'} in {where} now"


def _why(deployment: Deployment, now: Release | None) -> str:
    before, goal = deployment.previous, deployment.release
    if deployment.state == "superseded":
        return "another deployment took the place of this one"
    if deployment.state in UNDONE:
        return _undone(deployment) + ("" if _same(now, before) else "; another deployment came after it")
    if not _same(now, goal):
        return "another deployment came after this one"
    if deployment.kind != "rollback":
        return ""
    return f"{deployment.requested_as} rolled back to it" + (f" from build {before.build.number}" if before else "")


def _undone(deployment: Deployment) -> str:
    said = UNDONE[deployment.state]
    if deployment.state == "rolled_back":
        return f"build {deployment.release.build.number} {said}"
    if deployment.started_at is None:
        return f"{said} before anything changed"
    if deployment.previous is None:
        return said
    return f"{said}, and {NOT_SURE if deployment.state == 'failed' else 'what ran before is wanted again'}"


def _same(one: Release | None, other: Release | None) -> bool:
    return (one.id if one is not None else None) == (other.id if other is not None else None)


def _named(release: Release) -> str:
    return f"Build {release.build.number} (release {release.number})"
