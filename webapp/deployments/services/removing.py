"""A host goes for good, once nothing of anybody's runs there."""

from django.db import transaction

from webapp.audit.services import record_of
from webapp.deployments.models import Replica
from webapp.environments.models import Environment
from webapp.hosts import services as hosts
from webapp.hosts.models import Host
from webapp.jobs.models import Job
from webapp.jobs.transitions import LIVE
from webapp.problems import Conflicting
from webapp.teams.policy import Actor, require_site_admin


def remove_host(*, actor: Actor, host: Host) -> None:
    """Take it out of every environment and of sight. Raises `Conflicting` with what still runs or works there."""
    require_site_admin(actor)
    with transaction.atomic():
        host = Host.objects.select_for_update().get(id=host.id)
        _refuse_in_use(host)
        for environment in Environment.objects.filter(hosts=host).select_related("project__team"):
            environment.hosts.remove(host)
            target = ("environment", environment.id, environment.slug)
            before = {"host": host.name}
            record_of(environment.project, actor=actor, action="environment.host_removed", target=target, before=before)
        # What it left behind is nobody's to remove any more.
        Replica.objects.filter(host=host, desired="gone").exclude(container="").update(container="")
        hosts.remove(actor=actor, host=host)


def _refuse_in_use(host: Host) -> None:
    wanted = Replica.objects.wanted().filter(host=host).count()
    working = Job.objects.filter(host=host, state__in=LIVE).count()
    told = [
        f"{count} {words}"
        for count, words in ((wanted, "replicas are wanted there"), (working, "jobs work there"))
        if count
    ]
    if told:
        raise Conflicting(
            code="host.in_use",
            detail=f"{' and '.join(told)}: drain it, move its replicas away, and wait for what works.",
        )
