"""Four eyes: other people say yes or no to one deployment's exact plan."""

from django.db import IntegrityError, transaction
from django.utils.timezone import now

from runtime.contract.reports import Problem
from webapp.deployments.models import Approval, Deployment, Replica
from webapp.deployments.planning.gathering import Wish, gather
from webapp.deployments.planning.planner import make_plan
from webapp.deployments.planning.plans import Plan, plan_hash, read_plan
from webapp.deployments.rollout import rolling
from webapp.deployments.services.request import refuse_second
from webapp.deployments.telling import tell_deployment
from webapp.findings import Findings
from webapp.logs import services as logs
from webapp.problems import Conflicting, Forbidden, Refusal
from webapp.teams.models import Membership, User
from webapp.teams.policy import ROLES, Action, Actor, actor_for_user, may, require

MAX_COMMENT = 500


def approve(*, actor: Actor, deployment: Deployment, plan_hash: str, comment: str = "") -> Deployment:
    """One person's yes; when enough have said so, the plan is checked against the facts of now, and starts.

    Never by the one who asked, nor through a token of theirs. Raises `Conflicting` for another plan's hash and for a
    deployment that does not wait; a yes said again changes nothing. Changed facts end the deployment as failed.
    """
    person = _person(actor, deployment)
    with transaction.atomic():
        deployment = _locked(deployment)
        if deployment.approvals.filter(user_id=person, approved=True, plan_hash=plan_hash).exists():
            return deployment
        _say(actor, deployment, person, plan_hash, comment, approved=True)
        if _enough(deployment):
            _start(deployment)
    return deployment


def reject(*, actor: Actor, deployment: Deployment, plan_hash: str = "", comment: str = "") -> Deployment:
    """One person's no ends the deployment. A hash may be given; then it must be this plan's."""
    person = _person(actor, deployment)
    with transaction.atomic():
        deployment = _locked(deployment)
        if deployment.approvals.filter(user_id=person, approved=False).exists():
            return deployment
        _say(actor, deployment, person, plan_hash or deployment.plan_hash, comment, approved=False)
        problem = Problem(
            code="deployment.rejected",
            whose="user",
            message=f"{actor.label} rejected this plan" + (f": {comment}" if comment else "."),
            advice="Talk to them, then ask again.",
        )
        rolling.settle(deployment, state="cancelled", problem=problem)
    return deployment


def approvers_of(team_id: str) -> frozenset[str]:
    """The people of this team who may approve now, by id. One query."""
    roles = [role for role, actions in ROLES.items() if Action.APPROVE in actions]
    members = Membership.objects.filter(team=team_id, role__in=roles, user__is_active=True)
    return frozenset(members.values_list("user_id", flat=True))


def _person(actor: Actor, deployment: Deployment) -> str:
    """The human behind the yes or no; a token counts as the person who made it, with the right that person has now."""
    project = deployment.service.project
    require(actor, Action.APPROVE, project)
    person = actor.person_id()
    if person is None:
        raise Forbidden(code="approval.no_person", detail="An approval is a person's.")
    if person == deployment.requested_by_id:
        raise Forbidden(
            code="approval.own_request",
            detail="Nobody approves or rejects their own request: somebody else looks at it.",
        )
    if actor.user is None and not may(actor_for_user(User.objects.get(id=person)), Action.APPROVE, project):
        raise Forbidden(code="authz.denied", detail="The person who made this token may not approve here.")
    return person


def _locked(deployment: Deployment) -> Deployment:
    rows = Deployment.objects.select_for_update(of=("self",))
    rows = rows.select_related("service__project", "environment", "release", "log", "previous", "requested_by")
    locked: Deployment = rows.get(id=deployment.id)
    return locked


def _say(actor: Actor, deployment: Deployment, person: str, told_hash: str, comment: str, *, approved: bool) -> None:
    findings = Findings()
    comment = findings.text(comment, "comment", limit=MAX_COMMENT, empty=True)
    findings.settle()
    if deployment.state != "awaiting_approval":
        raise Conflicting(
            code="deployment.not_waiting",
            detail=f"This deployment is {deployment.state}: it waits for nobody's approval.",
        )
    if told_hash != deployment.plan_hash:
        raise Conflicting(code="plan.other", detail="This is the hash of another plan: look at the plan again.")
    try:
        with transaction.atomic():
            Approval.objects.create(
                deployment=deployment, user_id=person, approved=approved, plan_hash=told_hash, comment=comment
            )
    except IntegrityError as error:
        raise Conflicting(code="approval.said", detail="This person has said yes or no already.") from error
    word = "approve" if approved else "reject"
    logs.write(deployment.log, f"{actor.label}: {word}d." + (f" {comment}" if comment else ""))
    tell_deployment(actor=actor, action=f"deployment.{word}", deployment=deployment, reason=comment)


def _enough(deployment: Deployment) -> bool:
    """Yeses of people who still have the right, against what was asked for then or is now, whichever is more."""
    yeses = deployment.approvals.filter(approved=True, plan_hash=deployment.plan_hash)
    count = yeses.filter(user__in=approvers_of(deployment.service.project.team_id)).count()
    return count >= max(deployment.required_approvals, deployment.environment.required_approvals, 1)


def _start(deployment: Deployment) -> None:
    """Start exactly the approved plan, or end with the reason why it cannot be carried out any more."""
    plan = read_plan(deployment.plan)
    problem = _requester_left(deployment) or _facts_changed(deployment, plan)
    if problem is not None:
        logs.write(deployment.log, problem.message)
        rolling.settle(deployment, state="failed", problem=problem)
        return
    refuse_second(service=deployment.service, environment=deployment.environment, but=deployment)
    try:
        with transaction.atomic():
            moved = rolling.move(deployment, "queued")
    except IntegrityError:
        refuse_second(service=deployment.service, environment=deployment.environment, but=deployment)
        raise
    if moved:
        rolling.begin(deployment=deployment, plan=plan, now=now())


def _requester_left(deployment: Deployment) -> Problem | None:
    """Rights are asked again when it starts."""
    person = deployment.requested_by
    if person is None or (person.is_active and may(actor_for_user(person), Action.REQUEST, deployment.service.project)):
        return None
    return Problem(
        code="request.right_lost",
        whose="user",
        message=f"{deployment.requested_as} asked for this and may not any more.",
        advice="Somebody who may asks again.",
    )


def _facts_changed(deployment: Deployment, plan: Plan) -> Problem | None:
    """None when the same wish still gives the very plan that was approved."""
    asks_count = deployment.kind == "scale"
    wish = Wish(
        kind=plan.kind,
        runs=deployment.release,
        replicas=plan.replicas if asks_count else None,
        only=_only(plan),
    )
    try:
        fresh = make_plan(gather(service=deployment.service, environment=deployment.environment, wish=wish))
    except Refusal as refusal:
        why = " ".join([refusal.detail, *refusal.reasons])
    else:
        if plan_hash(fresh) == deployment.plan_hash:
            return None
        why = f"It would now read: {fresh.sentence}"
    return Problem(
        code="plan.changed",
        whose="user",
        message=f"The approved plan cannot be carried out as it was: the facts have changed. {why}",
        advice="Ask again, so that the plan of now can be looked at.",
    )


def _only(plan: Plan) -> Replica | None:
    """The one replica that a restart, stop or start was about."""
    return Replica.objects.filter(id=plan.only).first() if plan.only else None
