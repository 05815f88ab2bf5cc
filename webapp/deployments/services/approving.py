"""Four eyes: other people say yes or no to one deployment's exact plan."""

from django.db import IntegrityError, transaction
from django.utils.timezone import now

from runtime.contract.reports import Problem
from webapp.deployments.models import Approval, Deployment
from webapp.deployments.rollout import rolling
from webapp.deployments.services import planning_again
from webapp.deployments.services.starting import start_if_ready
from webapp.deployments.telling import tell_deployment
from webapp.findings import Findings
from webapp.logs import services as logs
from webapp.problems import Conflicting, Forbidden
from webapp.teams.models import User
from webapp.teams.policy import Action, Actor, actor_for_user, may, require

MAX_COMMENT = 500


def approve(*, actor: Actor, deployment: Deployment, plan_hash: str, comment: str = "") -> Deployment:
    """One person's yes; when enough have said so and the environment is open, it starts.

    Never by the one who asked or last changed what the plan carries, nor through a token of theirs. Raises
    `Conflicting` for another plan's hash, also where the facts have changed and the plan was made again, and for a
    deployment that does not wait; a yes said again changes nothing.
    """
    person = person_who_may_judge(actor, deployment)
    with transaction.atomic():
        planning_again.by_itself(planning_again.locked(deployment))
    with transaction.atomic():
        deployment = planning_again.locked(deployment)
        _refuse_author(deployment, person)  # once more, under the lock: it may be another plan by now
        planning_again.lapse_old(deployment, now=now())
        said = deployment.approvals.filter(user_id=person, approved=True, plan_hash=plan_hash, lapsed_at=None)
        if said.exists():
            return deployment
        _say(actor, deployment, person, plan_hash, comment, approved=True)
        start_if_ready(deployment, now=now())
    return deployment


def reject(*, actor: Actor, deployment: Deployment, plan_hash: str = "", comment: str = "") -> Deployment:
    """One person's no ends the deployment. A hash may be given; then it must be this plan's."""
    person = person_who_may_judge(actor, deployment)
    with transaction.atomic():
        deployment = planning_again.locked(deployment)
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


def person_who_may_judge(actor: Actor, deployment: Deployment) -> str:
    """The human behind a yes, a no or a review: not the one who asked, nor who last changed what the plan carries.

    A token counts as the person who made it, with the right that person has now.
    """
    project = deployment.service.project
    require(actor, Action.APPROVE, project)
    person = actor.person_id()
    if person is None:
        raise Forbidden(code="approval.no_person", detail="An approval is a person's.")
    _refuse_author(deployment, person)
    if actor.user is None and not may(actor_for_user(User.objects.get(id=person)), Action.APPROVE, project):
        raise Forbidden(code="authz.denied", detail="The person who made this token may not approve here.")
    return person


def _refuse_author(deployment: Deployment, person: str) -> None:
    if person == deployment.requested_by_id:
        raise Forbidden(
            code="approval.own_request",
            detail="Nobody approves or rejects their own request: somebody else looks at it.",
        )
    if person in deployment.authors:
        raise Forbidden(
            code="approval.own_change",
            detail="Nobody approves or rejects their own change: you last changed something that this plan brings. "
            "Somebody else looks at it.",
        )


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
        raise Conflicting(
            code="plan.other",
            detail="This is the hash of another plan: the plan is made anew when facts change. Look at it again.",
        )
    try:
        with transaction.atomic():
            if not approved:  # who has said yes may say no
                planning_again.lapse(deployment, "a no followed", user_id=person)
            Approval.objects.create(
                deployment=deployment, user_id=person, approved=approved, plan_hash=told_hash, comment=comment
            )
    except IntegrityError as error:
        raise Conflicting(code="approval.said", detail="This person has said yes or no already.") from error
    word = "approve" if approved else "reject"
    logs.write(deployment.log, f"{actor.label}: {word}d." + (f" {comment}" if comment else ""))
    tell_deployment(actor=actor, action=f"deployment.{word}", deployment=deployment, reason=comment)
