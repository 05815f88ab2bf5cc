"""Delete a service: its containers are taken away by their hosts, its history goes."""

from collections import defaultdict

from django.db import transaction

from webapp.deployments.models import (
    UNDER_WAY,
    Deployment,
    DeploymentJob,
    DesiredState,
    Release,
    Repair,
    Replica,
    Service,
)
from webapp.deployments.rollout import ordering
from webapp.deployments.telling import tell_service
from webapp.jobs.models import Job
from webapp.logs import services as logs
from webapp.logs.models import Log
from webapp.problems import Conflicting
from webapp.teams.policy import Action, Actor, require


def delete_service(*, actor: Actor, service: Service) -> None:
    """Delete the service with its releases, deployments and logs; hosts are told to remove its containers.

    Raises `Conflicting` while a deployment is under way, or while it runs in a protected environment: there it is
    stopped first, through the gate.
    """
    require(actor, Action.DEFINE, service.project)
    with transaction.atomic():
        service = Service.objects.select_for_update(of=("self",)).select_related("project__team").get(id=service.id)
        _check(actor, service)
        logs_of = list(Deployment.objects.filter(service=service).values_list("log_id", flat=True))
        logs_of += Replica.objects.filter(service=service).values_list("log_id", flat=True)
        old_jobs = list(DeploymentJob.objects.filter(deployment__service=service).values_list("job_id", flat=True))
        repairs = Repair.objects.filter(service=service)
        old_jobs += repairs.values_list("job_id", flat=True)
        _clear_hosts(service)
        tell_service(actor=actor, action="service.delete", service=service, before={"slug": service.slug})
        repairs.delete()
        for rows in (Replica, DesiredState, Deployment, Release):
            rows.objects.filter(service=service).delete()
        service.delete()
        Job.objects.filter(id__in=old_jobs).delete()
        Log.objects.filter(id__in=logs_of).exclude(jobs__isnull=False).delete()


def _check(actor: Actor, service: Service) -> None:
    if Deployment.objects.filter(service=service, state__in=UNDER_WAY).exists():
        raise Conflicting(
            code="deployment.under_way", detail="A deployment of this service is under way: cancel it first."
        )
    wanted = DesiredState.objects.filter(service=service, replicas__gt=0, stopped=False).select_related("environment")
    guarded = [state.environment.slug for state in wanted if state.environment.protected]
    if guarded:
        raise Conflicting(
            code="service.runs_protected", detail=f"It runs in {', '.join(sorted(guarded))}: stop it there first."
        )
    if wanted:
        require(actor, Action.DEPLOY, service.project)


def _clear_hosts(service: Service) -> None:
    """An order for each place that nothing of this service shall run there; it waits for a host that is away."""
    rows = Replica.objects.filter(service=service).exclude(container="", desired="gone")
    places = defaultdict(list)
    for row in rows.select_related("release__service__project", "release__environment", "host").order_by("created_at"):
        places[row.environment_id, row.host_id].append(row)
    wanted = DesiredState.objects.filter(service=service)
    generations = dict(wanted.values_list("environment_id", "generation"))
    for (environment_id, _), there in places.items():
        newest = there[-1]
        order = ordering.converge(
            release=newest.release, deployment=None, generation=generations.get(environment_id, 0) + 1, replicas=()
        )
        log = logs.open_log(project=service.project, kind="deployment")
        ordering.give(order=order, release=newest.release, host=newest.host, log=log)
