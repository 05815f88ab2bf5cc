"""A deployment that waits is planned again when the facts have changed; what was said of the former plan lapses."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.timezone import now as clock

from webapp.deployments.models import Deployment, Replica, Service
from webapp.deployments.planning.gathering import Wish, desired_of, gather
from webapp.deployments.planning.planner import make_plan
from webapp.deployments.planning.plans import Plan, canonical, plan_hash, read_plan
from webapp.deployments.services.authors import authors
from webapp.deployments.services.gates import required_approvals
from webapp.deployments.telling import show, tell_deployment
from webapp.hosts.models import Host
from webapp.logs import services as logs
from webapp.problems import Conflicting, Refusal
from webapp.teams.policy import Actor
from webapp.volumes.models import Backup, Volume

ANOTHER_PLAN = "the plan was made anew"
TOO_OLD = "it is too old"


def replan(*, actor: Actor, deployment: Deployment) -> Deployment:
    """Make the plan of a waiting deployment anew from the facts of now: its hosts, and what runs there.

    The release stays as it was frozen: who wants other settings asks again. Who plans anew does not approve. Raises
    `Conflicting` for one that does not wait, and what planning raises; where nothing has changed nothing changes.
    """
    required_approvals(actor=actor, project=deployment.service.project, environment=deployment.environment)
    with transaction.atomic():
        deployment = locked(deployment)
        if deployment.state != "awaiting_approval":
            raise Conflicting(
                code="deployment.not_waiting",
                detail=f"This deployment is {deployment.state}: only what waits is planned again.",
            )
        plan = fresh_plan(deployment)
        if plan_hash(plan) == deployment.plan_hash:
            return deployment
        _take(deployment, plan, also=actor.person_id())
        tell_deployment(
            actor=actor,
            action="deployment.replan",
            deployment=deployment,
            after={"plan": plan.sentence, "plan_hash": deployment.plan_hash},
        )
    return deployment


def by_itself(deployment: Deployment) -> bool:
    """Plan again where the facts of now give another plan; True when they did. The row must be locked.

    Facts that give none at all change nothing yet: a host may be away for a moment.
    """
    if deployment.state not in ("awaiting_approval", "in_line"):
        return False
    try:
        plan = fresh_plan(deployment)
    except Refusal:
        return False
    if plan_hash(plan) == deployment.plan_hash:
        return False
    _take(deployment, plan, also=None)
    show(deployment)
    return True


def fresh_plan(deployment: Deployment) -> Plan:
    """The plan that the same wish gives now. Raises what planning raises."""
    wish = wish_of(deployment)
    return make_plan(gather(service=deployment.service, environment=deployment.environment, wish=wish))


def wish_of(deployment: Deployment) -> Wish:
    """What was asked for, of the release that was frozen then."""
    plan = read_plan(deployment.plan)
    return Wish(
        kind=plan.kind,
        runs=deployment.release,
        replicas=plan.replicas if deployment.kind == "scale" else None,
        to=Host.objects.filter(id=plan.to).first() if plan.to else None,
        volume=Volume.objects.select_related("host").filter(id=plan.volume).first() if plan.volume else None,
        backup=Backup.objects.filter(id=plan.backup).first() if plan.backup else None,
        only=_replica(plan.only),
        without=_replica(plan.without),
        leaving=tuple(Host.objects.filter(id__in=plan.leaving).order_by("name")),
    )


def _replica(id: str | None) -> Replica | None:
    return Replica.objects.filter(id=id).first() if id else None


def lapse_old(deployment: Deployment, *, now: datetime) -> int:
    """Approvals that are older than the environment lets them be count no more; how many those are."""
    oldest = now - timedelta(hours=deployment.environment.approval_hours)
    return lapse(deployment, TOO_OLD, created_at__lte=oldest)


def lapse(deployment: Deployment, why: str, **which: object) -> int:
    """Approvals of it count no more, for this reason."""
    rows = deployment.approvals.filter(approved=True, lapsed_at=None, **which)
    names = [row.user.username for row in rows.select_related("user")]
    if not names:
        return 0
    rows.update(lapsed_at=clock(), lapsed_why=why)
    logs.write(deployment.log, f"The approval of {', '.join(sorted(names))} counts no more: {why}.")
    show(deployment)
    return len(names)


def locked(deployment: Deployment) -> Deployment:
    """The row as it is now, held until the transaction ends; its service's row first, as `request.submit` does it.

    Not its key: whoever writes rows that hang on the service, such as what hosts say, need not wait.
    """
    list(Service.objects.select_for_update(no_key=True).filter(id=deployment.service_id).values_list("id"))
    rows = Deployment.objects.select_for_update(of=("self",))
    rows = rows.select_related(
        "service__project__team", "environment", "release__build", "log", "previous", "requested_by"
    )
    row: Deployment = rows.get(id=deployment.id)
    return row


def _take(deployment: Deployment, plan: Plan, *, also: str | None) -> None:
    desired = desired_of(deployment.service, deployment.environment)
    known = authors(service=deployment.service, environment=deployment.environment, wish=wish_of(deployment), plan=plan)
    found = {*deployment.authors, *known, *([also] if also is not None else [])}
    fields = {
        "plan": canonical(plan),
        "plan_hash": plan_hash(plan),
        "previous": desired.release if desired is not None else None,
        "authors": sorted(found),
    }
    Deployment.objects.filter(id=deployment.id).update(**fields)
    for name, value in fields.items():
        setattr(deployment, name, value)
    logs.write(deployment.log, f"The facts have changed. Planned again: {plan.sentence}")
    lapse(deployment, ANOTHER_PLAN)
