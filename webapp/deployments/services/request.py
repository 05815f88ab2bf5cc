"""The gate: every wish to change what runs in an environment comes through `submit`, and no other way.

It plans, asks for the right, and either starts at once or waits for approval, whatever kind of wish it is.
"""

from dataclasses import dataclass, field

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.timezone import now

from webapp.deployments.authorship import frozen_of
from webapp.deployments.models import Deployment, Release, Service
from webapp.deployments.planning.gathering import RUNS_A_RELEASE, Wish, desired_of, facts_of, gather
from webapp.deployments.planning.planner import make_plan
from webapp.deployments.planning.plans import Content, Plan, canonical, plan_hash
from webapp.deployments.rollout import rolling
from webapp.deployments.services.authors import authors
from webapp.deployments.services.gates import emergency_reason, gates_for, refuse_closed_gates, refuse_needless
from webapp.deployments.services.queueing import NEXT, ahead_of, refuse_second, second_to
from webapp.deployments.telling import tell_deployment
from webapp.environments.models import Environment
from webapp.findings import Findings
from webapp.images.services import hold_to_run
from webapp.logs import services as logs
from webapp.problems import Missing
from webapp.teams.policy import Actor

MAX_COMMENT = 500


@dataclass(frozen=True)
class Passed:
    """What a wish has passed by: the approvals it still waits for, or an emergency and what that went past."""

    approvals: int
    emergency: str = ""
    bypassed: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Asked:
    """Who asked for which plan; `authors` are the people who last changed what it carries."""

    actor: Actor
    service: Service
    environment: Environment
    plan: Plan
    release: Release
    comment: str
    authors: tuple[str, ...]


def submit(
    *,
    actor: Actor,
    service: Service,
    environment: Environment,
    wish: Wish,
    comment: str = "",
    emergency: str = "",
    queue: bool = False,
) -> Deployment:
    """Ask that this wish be carried out: a deployment that is queued, or waits for approval or for its turn.

    `emergency` is the reason of one that goes past every gate but the rights; somebody else reviews it afterwards.
    With `queue` it stands in line where another one is under way, in the place of what stood there.
    Raises `Forbidden`, `Unplannable` with reasons, and `Conflicting` naming the deployment that is under way.
    """
    if environment.project_id != service.project_id:
        raise Missing(code="environment.missing", detail="The service's project has no such environment.")
    comment = _comment(comment)
    with transaction.atomic():
        if wish.kind in RUNS_A_RELEASE:
            build = wish.runs.build if isinstance(wish.runs, Release) else wish.runs
            hold_to_run(actor=actor, build=build)
        # The service's row is the lock of its plans where the database locks rows; SQLite has one writer anyway.
        rows = Service.objects.select_for_update(of=("self",), no_key=True).select_related("project__team")
        service = rows.get(id=service.id)
        environment.refresh_from_db()
        passed = _pass(actor, service, environment, wish, emergency)
        ahead = ahead_of(service=service, environment=environment) if passed.approvals == 0 else None
        if ahead is not None and not queue:
            raise second_to(ahead)
        plan = make_plan(gather(service=service, environment=environment, wish=wish))
        found = authors(service=service, environment=environment, wish=wish, plan=plan)
        release = wish.runs if isinstance(wish.runs, Release) else _release(service, environment, plan.content, wish)
        _supersede(service, environment)
        asked = Asked(actor, service, environment, plan, release, comment, tuple(sorted(found)))
        deployment = _create(asked, passed, state="queued" if ahead is None else NEXT)
        action = "deployment.emergency" if passed.emergency else f"deployment.{plan.kind}"
        after = _facts(deployment, plan)
        tell_deployment(actor=actor, action=action, deployment=deployment, after=after, reason=passed.emergency)
        logs.write(deployment.log, *_first_words(deployment, plan))
        if ahead is not None:
            logs.write(deployment.log, f"Stands in line until deployment {ahead.id} has ended; planned anew then.")
        elif passed.approvals == 0:
            rolling.begin(deployment=deployment, plan=plan, now=now())
    return deployment


def _pass(actor: Actor, service: Service, environment: Environment, wish: Wish, emergency: str) -> Passed:
    """What the wish still needs once it has met the gates; raises what keeps it out."""
    gates = gates_for(actor=actor, service=service, environment=environment, wish=wish, now=now())
    reason = emergency_reason(actor=actor, project=service.project, reason=emergency)
    if not reason:
        refuse_closed_gates(gates, environment=environment)
        return Passed(approvals=gates.approvals)
    refuse_needless(gates)
    return Passed(approvals=0, emergency=reason, bypassed=gates.words())


def _comment(comment: str) -> str:
    findings = Findings()
    clean = findings.text(comment, "comment", limit=MAX_COMMENT, empty=True)
    findings.settle()
    return clean


def _release(service: Service, environment: Environment, content: Content, wish: Wish) -> Release:
    """The release with this content: one that is there, or a new one with the next number."""
    frozen = frozen_of(service, wish.goes_on)
    rows = Release.objects.filter(service=service, environment=environment, build=content.build).select_related("build")
    same: Release | None = next((row for row in rows if _is_same(row, content) and row.base == frozen.base), None)
    if same is not None:
        return same
    Service.objects.filter(id=service.id).update(next_number=F("next_number") + 1)
    number = Service.objects.values_list("next_number", flat=True).get(id=service.id) - 1
    release: Release = Release.objects.create(
        service=service,
        environment=environment,
        number=number,
        build_id=content.build,
        digest=content.digest,
        config_digest=content.config_digest,
        settings=dict(content.settings),
        variables=dict(content.variables),
        secrets={name: dict(secret) for name, secret in content.secrets.items()},
        base=dict(frozen.base),
        changed_by=dict(frozen.changed_by),
    )
    return release


def _is_same(release: Release, content: Content) -> bool:
    return (release.config_digest, release.digest, release.settings, release.variables, release.secrets) == (
        content.config_digest,
        content.digest,
        content.settings,
        content.variables,
        content.secrets,
    )


def _supersede(service: Service, environment: Environment) -> None:
    """What still waits was planned against what runs now: the new wish takes its place."""
    waiting = Deployment.objects.filter(service=service, environment=environment, state__in=("awaiting_approval", NEXT))
    for older in waiting.select_related("service", "log"):
        logs.write(older.log, "A newer request takes the place of this one.")
        rolling.settle(older, state="superseded")


def _create(asked: Asked, passed: Passed, *, state: str) -> Deployment:
    service, environment, actor, plan = asked.service, asked.environment, asked.actor, asked.plan
    desired = desired_of(service, environment)
    try:
        with transaction.atomic():
            return Deployment.objects.create(
                service=service,
                environment=environment,
                kind=plan.kind,
                release=asked.release,
                previous=desired.release if desired is not None else None,
                state="awaiting_approval" if passed.approvals else state,
                plan=canonical(plan),
                plan_hash=plan_hash(plan),
                required_approvals=passed.approvals,
                authors=list(asked.authors),
                emergency=passed.emergency,
                bypassed=passed.bypassed,
                review_owed=bool(passed.emergency),
                requested_by_id=actor.person_id(),
                requested_as=actor.label,
                token=actor.token,
                log=logs.open_log(project=service.project, kind="deployment"),
                comment=asked.comment,
            )
    except IntegrityError:
        refuse_second(service=service, environment=environment)
        raise


def _first_words(deployment: Deployment, plan: Plan) -> list[str]:
    words = [f"{deployment.requested_as}: {plan.sentence}", *(f"Note: {note}" for note in plan.notes)]
    if deployment.required_approvals:
        count = deployment.required_approvals
        many = "approval" if count == 1 else "approvals"
        words.append(f"Waits for {count} {many} of plan {deployment.plan_hash[:12]}.")
    if deployment.emergency:
        words.append(f"EMERGENCY: {deployment.emergency}")
        words += [f"It goes past: {what}." for what in deployment.bypassed]
    return words


def _facts(deployment: Deployment, plan: Plan) -> dict[str, object]:
    return {
        **facts_of(deployment.release),
        "plan": plan.sentence,
        "plan_hash": deployment.plan_hash,
        "state": deployment.state,
        "comment": deployment.comment,
        **({"emergency": deployment.emergency, "went_past": deployment.bypassed} if deployment.emergency else {}),
    }
