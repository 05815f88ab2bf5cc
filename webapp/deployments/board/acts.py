"""What somebody may do next with a service in an environment, the most sensible first. Pure.

What leads forward is a build that has proved itself: in the environment before, and not in vain here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from webapp.deployments.models import Deployment, DesiredState, Release
from webapp.environments.models import Environment
from webapp.images.models import Build
from webapp.teams.policy import Action

Place = tuple[str, str]  # service id, environment id
ON_ITS_WAY = ("awaiting_approval", "in_line", "queued", "rolling")
BROKEN = ("failed", "rolled_back")


@dataclass(frozen=True)
class Act:
    """Something this actor may do here. `subject` is what it is done with or to: a build, deployment or environment id.

    Kinds: deploy (subject a build); promote, roll_back, approve, cancel (a deployment); give_host (an environment);
    scale, restart, stop, start. A `quiet` one stands in the menu alone; a `question` is asked before.
    """

    kind: str
    label: str
    subject: str = ""
    quiet: bool = False
    question: str = ""


@dataclass(frozen=True)
class Chances:
    """What this actor may do in the project, and what is known of deployments there, by place."""

    desired: Mapping[Place, DesiredState]
    latest: Mapping[Place, Deployment]
    succeeded: Mapping[Place, Deployment]
    ended: Mapping[tuple[str, str, str], str]  # service, environment, build -> how its last deployment there ended
    allowed: frozenset[Action]
    person: str | None
    said: frozenset[str]  # deployments this person has said yes or no to
    verdicts: Mapping[str, frozenset[str]]  # deployment that waits -> people who have said yes
    approvers: frozenset[str]  # people of the team who may
    closed: Mapping[str, str] = field(default_factory=dict, kw_only=True)  # deployment that waits -> when it opens


@dataclass(frozen=True)
class Spot:
    """A service in an environment, between its neighbours; `build` is the newest of its image that succeeded."""

    service: str
    environment: Environment
    nearer: Environment | None
    further: Environment | None
    build: Build | None
    healthy: bool
    nearer_healthy: bool = False

    @property
    def place(self) -> Place:
        return (self.service, self.environment.id)


def may_ask(allowed: frozenset[Action], environment: Environment) -> bool:
    """May somebody with these rights ask for a change here? The gate itself is `services.request`."""
    if not environment.protected:
        return Action.DEPLOY in allowed
    return (Action.REQUEST if environment.required_approvals else Action.DEPLOY_PROTECTED) in allowed


def may_judge(deployment: Deployment, known: Chances) -> bool:
    """May this person say yes, no, or what came of looking at it? Neither who asked nor who changed what it brings."""
    own = known.person == deployment.requested_by_id or known.person in deployment.authors
    return Action.APPROVE in known.allowed and not own


def acts_of(spot: Spot, known: Chances) -> Iterator[Act]:
    """The most sensible first; quiet ones last."""
    yield from sorted(_acts(spot, known), key=lambda act: act.quiet)


def _acts(spot: Spot, known: Chances) -> Iterator[Act]:
    latest, desired = known.latest.get(spot.place), known.desired.get(spot.place)
    if latest is not None and latest.state == "awaiting_approval":
        own = latest.requested_by_id == known.person
        if may_judge(latest, known) and latest.id not in known.said:
            yield Act("approve", "Look and approve", latest.id)
        if own or Action.DEPLOY_PROTECTED in known.allowed:
            yield Act("cancel", "Withdraw the request", latest.id)
    if latest is not None and latest.state in ("queued", "rolling"):
        guard = Action.DEPLOY_PROTECTED if spot.environment.protected else Action.DEPLOY
        if guard in known.allowed:
            yield Act("cancel", "Stop the deployment", latest.id)
        return
    if not spot.environment.hosts.all():
        if Action.OPERATE in known.allowed:
            yield Act("give_host", "No host: give it one", spot.environment.id)
        return
    yield from _deploy(spot, desired, known)
    yield from _promote(spot, desired, known)
    if desired is not None and may_ask(known.allowed, spot.environment):
        yield from _changes(spot, desired, latest)


def _deploy(spot: Spot, desired: DesiredState | None, known: Chances) -> Iterator[Act]:
    """A newer build. Where another environment stands before, promoting is the way."""
    build, here = spot.build, spot.environment
    newer = build is not None and (desired is None or desired.release.build.number < build.number)
    if build is None or not newer or not may_ask(known.allowed, here):
        return
    broke = known.ended.get((*spot.place, build.id)) in BROKEN
    question = f"Build {build.number} did not come up in {here.slug} before." if broke else ""
    if spot.nearer is not None and known.ended.get((spot.service, spot.nearer.id, build.id)) != "succeeded":
        question = question or f"Build {build.number} has not come up in {spot.nearer.slug}: this goes past it."
    label = f"Deploy build {build.number} to {here.slug}"
    yield Act("deploy", label, build.id, quiet=broke or spot.nearer is not None, question=question)


def _promote(spot: Spot, desired: DesiredState | None, known: Chances) -> Iterator[Act]:
    """What runs here, one environment further."""
    further, done = spot.further, known.succeeded.get(spot.place)
    if further is None or desired is None or done is None or not may_ask(known.allowed, further):
        return
    if done.release_id != desired.release_id or not _is_new_there(spot.service, further, desired.release, known):
        return
    build = desired.release.build
    question = "" if spot.healthy else f"{spot.environment.slug} is not healthy now."
    if known.ended.get((spot.service, further.id, build.id)) in BROKEN:
        question = f"Build {build.number} did not come up in {further.slug} before."
    label = f"Promote build {build.number} to {further.slug}"
    yield Act("promote", label, done.id, quiet=bool(question) or not further.hosts.all(), question=question)


def _is_new_there(service: str, further: Environment, release: Release, known: Chances) -> bool:
    """Neither runs it there nor is it on its way."""
    there, asked = known.desired.get((service, further.id)), known.latest.get((service, further.id))
    if asked is not None and asked.state in ON_ITS_WAY and asked.release.digest == release.digest:
        return False
    return there is None or there.release.digest != release.digest


def _changes(spot: Spot, desired: DesiredState, latest: Deployment | None) -> Iterator[Act]:
    """What is well asks for nothing: going back, or restarting, suggests itself where it is not."""
    if latest is not None and latest.previous is not None and latest.previous_id != desired.release_id:
        yield Act("roll_back", f"Roll back to release {latest.previous.number}", latest.id, quiet=spot.healthy)
    if desired.stopped:
        yield Act("start", "Start")
    else:
        yield Act("restart", "Restart", quiet=spot.healthy)
        yield Act("stop", "Stop", quiet=True)
    yield Act("scale", "Scale", quiet=True)
