"""What a cell of the board waits for, and who may act, in a sentence. Pure."""

from collections.abc import Collection

from webapp.deployments.board.acts import Chances, Spot, may_ask
from webapp.deployments.models import Deployment
from webapp.environments.models import Environment
from webapp.teams.policy import ROLE_ORDER, ROLES, Action


def what_it_waits_for(spot: Spot, state: str, known: Chances) -> str:
    """Empty where nothing is waited for, or a button says all."""
    latest = known.latest.get(spot.place)
    if latest is not None and latest.state == "awaiting_approval":
        return _approval(latest, known)
    if state != "empty":
        return ""
    if not spot.environment.hosts.all():
        return f"Waits for a host: {who_may(Action.OPERATE)} gives it one."
    if spot.nearer is None:
        return _first_build(spot, known)
    return _nearer(spot, spot.nearer, known)


def who_may(action: Action) -> str:
    """The roles with this right, as somebody: `an operator or owner`."""
    roles = [str(role) for role in ROLE_ORDER if action in ROLES[role]]
    article = "an" if roles[0][0] in "aeiou" else "a"
    return f"{article} {', '.join(roles[:-1])} or {roles[-1]}" if len(roles) > 1 else f"{article} {roles[0]}"


def missing_approvals(deployment: Deployment, yes: Collection[str], approvers: Collection[str]) -> tuple[int, bool]:
    """How many are missing, and whether there are people who can give so many.

    `yes` are those who have said it, `approvers` all who may.
    """
    required = max(deployment.required_approvals, deployment.environment.required_approvals)
    missing = max(required - len(set(yes) & set(approvers)), 0)
    others = set(approvers) - set(yes) - {deployment.requested_by_id, *deployment.authors}
    return missing, len(others) >= missing


def _approval(latest: Deployment, known: Chances) -> str:
    yes = known.verdicts.get(latest.id, frozenset())
    missing, possible = missing_approvals(latest, yes, known.approvers)
    if not missing:
        return f"Approved. {known.closed.get(latest.id, 'It starts in a moment.')}"
    count = "1 approval is" if missing == 1 else f"{missing} approvals are"
    begin = _part_in_it(latest, known)
    lacks = f"{count} missing"
    if not possible:
        return _sentence(f"{begin}{lacks}, and nobody else here may give it. An owner makes somebody operator.")
    if not begin and Action.APPROVE in known.allowed:
        return _sentence(f"{lacks}: yours, or another operator's or owner's.")
    other = " other than you" if begin else f" other than {latest.requested_as}" if latest.requested_by_id else ""
    return _sentence(f"{begin}{lacks}, from {who_may(Action.APPROVE)}{other}.")


def _part_in_it(latest: Deployment, known: Chances) -> str:
    """Why this person's yes is not to come, as the beginning of a sentence."""
    if latest.requested_by_id == known.person:
        return "You asked for it: "
    if known.person in latest.authors:
        return "You changed what it brings: "
    return "You have approved: " if latest.id in known.said else ""


def _first_build(spot: Spot, known: Chances) -> str:
    if spot.build is None:
        return "Waits for a build that succeeds."
    return "" if may_ask(known.allowed, spot.environment) else f"{_ready(spot.build.number)}: {_asks(spot)} deploys it."


def _nearer(spot: Spot, nearer: Environment, known: Chances) -> str:
    """What stands one environment before decides."""
    desired = known.desired.get((spot.service, nearer.id))
    if desired is None:
        return f"Waits for {nearer.slug}, where nothing runs yet."
    if not spot.nearer_healthy:
        return f"Waits until {nearer.slug} is healthy."
    number = desired.release.build.number
    if may_ask(known.allowed, spot.environment):
        return f"{_ready(number)}: promote it from {nearer.slug}."
    return f"{_ready(number)}: {_asks(spot)} promotes it from {nearer.slug}."


def _ready(build: int) -> str:
    return f"Build {build} is ready"


def _asks(spot: Spot) -> str:
    here = spot.environment
    if not here.protected:
        return who_may(Action.DEPLOY)
    return who_may(Action.REQUEST if here.required_approvals else Action.DEPLOY_PROTECTED)


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]
