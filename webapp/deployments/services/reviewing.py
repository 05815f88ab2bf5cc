"""An emergency went past the gates, so somebody else looks at it afterwards; until then the review is owed."""

from django.db import transaction
from django.utils.timezone import now

from webapp.deployments.models import Deployment
from webapp.deployments.services.approving import person_who_may_judge
from webapp.deployments.services.planning_again import locked
from webapp.deployments.telling import tell_deployment
from webapp.findings import Findings
from webapp.logs import services as logs
from webapp.problems import Conflicting
from webapp.teams.policy import Actor

MAX_REVIEW = 500


def review(*, actor: Actor, deployment: Deployment, comment: str) -> Deployment:
    """Say what came of looking at an emergency afterwards. Never by the one who asked or changed what it carried.

    Given once; given again nothing changes. Raises `Conflicting` for what was no emergency, `Invalid` without words.
    """
    person = person_who_may_judge(actor, deployment)
    findings = Findings()
    comment = findings.text(comment.strip(), "comment", limit=MAX_REVIEW)
    findings.settle()
    with transaction.atomic():
        deployment = locked(deployment)
        if not deployment.emergency:
            raise Conflicting(code="deployment.no_emergency", detail="This was no emergency, so no review is owed.")
        if not deployment.review_owed:
            return deployment
        deployment.reviewed_by_id, deployment.reviewed_at, deployment.review = person, now(), comment
        deployment.review_owed = False
        deployment.save(update_fields=["reviewed_by", "reviewed_at", "review", "review_owed"])
        if not deployment.log.end_state:
            logs.write(deployment.log, f"{actor.label} reviewed the emergency: {comment}")
        tell_deployment(actor=actor, action="deployment.review", deployment=deployment, reason=comment)
    return deployment
