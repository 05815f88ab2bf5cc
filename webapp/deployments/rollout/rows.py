"""The rows of what is wanted on one host, made before an order says the same to it. Within the caller's transaction."""

from collections.abc import Collection, Sequence

from django.db.models import F
from django.utils.timezone import now as clock

from webapp.deployments.models import Deployment, DesiredState, Release, Replica
from webapp.deployments.planning.plans import HostStep, PlannedReplica, read_plan
from webapp.hosts.models import Host
from webapp.logs import services as logs

MAX_WHY = 500


def want(deployment: Deployment, *, release: Release, replicas: int, stopped: bool) -> int:
    """Change what is wanted; its new generation, which only ever rises."""
    row, made = DesiredState.objects.get_or_create(
        service=deployment.service,
        environment=deployment.environment,
        defaults={"release": release, "replicas": replicas, "stopped": stopped},
    )
    if made:
        return row.generation
    DesiredState.objects.filter(id=row.id).update(
        release=release, replicas=replicas, stopped=stopped, generation=F("generation") + 1, changed_at=clock()
    )
    row.refresh_from_db(fields=["generation"])
    return row.generation


def generation_of(deployment: Deployment) -> int:
    """That of what is wanted now."""
    wanted = DesiredState.objects.filter(service=deployment.service, environment=deployment.environment)
    return wanted.values_list("generation", flat=True).get()


def place(
    deployment: Deployment, *, release: Release, host: Host, wanted: Sequence[PlannedReplica], others_stay: bool = False
) -> list[Replica]:
    """The rows of these replicas on this host: kept ones as they are, new ones made, all others unwanted.

    What was made for the same generation is found again. `others_stay` where the others serve until all hosts go on.
    """
    generation = generation_of(deployment)
    here = Replica.objects.filter(service=deployment.service, environment=deployment.environment, host=host)
    kept = {row.id: row for row in here.filter(id__in=[planned.replica for planned in wanted if planned.replica])}
    made = {row.index: row for row in here.filter(generation=generation).exclude(desired="gone")}
    rows = []
    for planned in wanted:
        row = kept.get(planned.replica) or (None if planned.replica else made.get(planned.index))
        if row is None:
            row = _new_row(deployment, release, host, planned, generation)
        elif row.desired != planned.desired:
            Replica.objects.filter(id=row.id).update(desired=planned.desired)
            row.desired = planned.desired
        rows.append(row)
    if not others_stay:
        here.exclude(id__in=[row.id for row in rows]).exclude(desired="gone").update(desired="gone")
    return rows


def want_as_before(deployment: Deployment, step: HostStep) -> list[Replica]:
    """The rows of one host as they were wanted before its step, which removed none of them."""
    here = Replica.objects.filter(service=deployment.service, environment=deployment.environment, host_id=step.host)
    here.exclude(id__in=[copy.replica for copy in step.before]).exclude(desired="gone").update(desired="gone")
    for copy in step.before:
        here.filter(id=copy.replica).update(desired=copy.desired)
    return list(here.filter(id__in=[copy.replica for copy in step.before]).order_by("index"))


def place_as_before(deployment: Deployment, step: HostStep) -> list[Replica]:
    """Rows for what ran on this host before its step: those that stayed, and new ones for those it removed."""
    stays = {planned.replica for planned in step.replicas if planned.replica}
    return place(
        deployment,
        release=deployment.previous or deployment.release,
        host=Host.objects.get(id=step.host),
        wanted=[_as_before(copy, stays) for copy in step.before],
    )


def _as_before(copy: PlannedReplica, stays: Collection[str]) -> PlannedReplica:
    return copy if copy.replica in stays else PlannedReplica(index=copy.index, desired=copy.desired)


def _new_row(deployment: Deployment, release: Release, host: Host, planned: PlannedReplica, generation: int) -> Replica:
    return Replica.objects.create(
        service=deployment.service,
        environment=deployment.environment,
        release=release,
        generation=generation,
        host=host,
        index=planned.index,
        why=_why(deployment, host, planned.index),
        desired=planned.desired,
        state="stopped" if planned.desired == "stopped" else "pending",
        log=logs.open_log(project=deployment.service.project, kind="replica"),
    )


def _why(deployment: Deployment, host: Host, index: int) -> str:
    """As the plan says it; nothing for a copy that is brought back."""
    plan = read_plan(deployment.plan)
    said = next((placed.why for placed in plan.why if (placed.index, placed.host) == (index, host.id)), "")
    return said[:MAX_WHY]
