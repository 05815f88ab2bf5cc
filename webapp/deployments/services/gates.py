"""What stands between a wish and what runs: rights and approvals, environments that were skipped, windows and freezes.

An emergency goes past all but the rights. Nothing here changes anything; `request.submit` is the only one who opens.
"""

from dataclasses import dataclass
from datetime import datetime

from webapp.deployments.models import Deployment, Release, Service
from webapp.deployments.planning.gathering import RUNS_A_RELEASE, Wish
from webapp.environments.models import Environment
from webapp.environments.opening import Closed
from webapp.findings import Findings
from webapp.problems import Conflicting, Forbidden, Unplannable
from webapp.teams.models import Project
from webapp.teams.policy import Action, Actor, require

SHORTEST_REASON = 20  # characters: "fix" is no reason
MAX_REASON = 500


@dataclass(frozen=True)
class Gates:
    """`skipped` says which environment the build has not succeeded in, '' when that does not matter."""

    approvals: int
    skipped: str
    closed: Closed | None

    def words(self) -> list[str]:
        """What an emergency would go past."""
        many = "approval" if self.approvals == 1 else "approvals"
        told = [f"{self.approvals} {many} of other people"] if self.approvals else []
        told += [self.skipped] if self.skipped else []
        return told + ([f"The environment {self.closed.why}"] if self.closed is not None else [])


def gates_for(*, actor: Actor, service: Service, environment: Environment, wish: Wish, now: datetime) -> Gates:
    """The gates that this wish meets. Raises `Forbidden` for who may not even ask.

    None stand before what the release that runs asked for itself, which met them then: only Slipway wishes so.
    """
    if wish.by_policy and actor.is_system:
        return Gates(approvals=0, skipped="", closed=None)
    return Gates(
        approvals=required_approvals(actor=actor, project=service.project, environment=environment),
        skipped=skipped(service=service, environment=environment, wish=wish),
        closed=environment.closed(now),
    )


def required_approvals(*, actor: Actor, project: Project, environment: Environment) -> int:
    """How many approvals the wish needs; 0 starts at once. Raises `Forbidden`. A site admin is no exception."""
    if not environment.protected:
        require(actor, Action.DEPLOY, project)
        return 0
    if environment.required_approvals > 0:
        require(actor, Action.REQUEST, project)
        return environment.required_approvals
    require(actor, Action.DEPLOY_PROTECTED, project)
    return 0


def refuse_closed_gates(gates: Gates, *, environment: Environment) -> None:
    """Raise `Unplannable` for what skipped an environment, and outside of windows for what would start at once.

    What needs approvals may be asked for at any time: it starts when it has them and the environment is open.
    """
    if gates.skipped:
        raise Unplannable(
            code="environment.skipped",
            detail=f"{environment.slug} takes only what has succeeded in the environment before.",
            reasons=[gates.skipped],
        )
    if gates.closed is not None and gates.approvals == 0:
        raise Unplannable(
            code="environment.closed",
            detail=f"{environment.slug} takes no deployment now: it {gates.closed.why}.",
            reasons=[gates.closed.sentence],
        )


def skipped(*, service: Service, environment: Environment, wish: Wish) -> str:
    """Why this build may not come here yet, in a sentence; '' when it may.

    It may where the environment allows it, where the digest has succeeded here or in the environment directly before,
    and in the first of all. How what runs is run is no new build.
    """
    if environment.allow_skipping or wish.kind not in RUNS_A_RELEASE:
        return ""
    earlier = Environment.objects.filter(project=environment.project_id, rank__lt=environment.rank)
    before = earlier.order_by("-rank").first()
    build = wish.runs.build if isinstance(wish.runs, Release) else wish.runs
    done = Deployment.objects.filter(
        service=service, state="succeeded", release__config_digest=build.config_digest, kind__in=RUNS_A_RELEASE
    )
    if before is None or done.filter(environment__in=[before.id, environment.id]).exists():
        return ""
    return f"Build {build.number} has not succeeded in {before.slug}: deploy it there, and promote it."


def emergency_reason(*, actor: Actor, project: Project, reason: str) -> str:
    """The reason of an emergency, checked; '' when it is none. Raises `Forbidden` without the right, and `Invalid`."""
    if not reason:
        return ""
    require(actor, Action.EMERGENCY, project)
    if actor.user is None:
        raise Forbidden(code="emergency.no_person", detail="An emergency is a person's, not a team's token's.")
    findings = Findings()
    clean = findings.text(reason.strip(), "emergency", limit=MAX_REASON)
    if clean and len(clean) < SHORTEST_REASON:
        findings.add("emergency", f"Say in at least {SHORTEST_REASON} characters why it cannot wait.")
    findings.settle()
    return clean


def refuse_needless(gates: Gates) -> None:
    """Raise `Conflicting` for an emergency that would go past nothing."""
    if not gates.words():
        raise Conflicting(
            code="emergency.needless", detail="Nothing stands in its way: ask for it without an emergency."
        )
