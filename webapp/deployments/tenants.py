"""What is on hosts, for their pages (`webapp.hosts.tenants.Tenants`)."""

from collections.abc import Collection, Mapping, Sequence

from django.db.models import Count

from runtime.contract import states
from webapp.deployments.models import Replica
from webapp.hosts.models import Host
from webapp.hosts.tenants import Load
from webapp.images.models import Build
from webapp.teams.policy import Actor

NOT_WORKING = {"queued", *states.terminal_states(states.BUILD)}


def loads(hosts: Collection[Host]) -> Mapping[str, Load]:
    """Replicas that are wanted, and builds at work, by host id."""
    ids = [host.id for host in hosts]
    wanted = Replica.objects.wanted().filter(host__in=ids).order_by()
    working = Build.objects.filter(host__in=ids).exclude(state__in=NOT_WORKING).order_by()
    replicas = dict(wanted.values_list("host").annotate(Count("id")))
    builds = dict(working.values_list("host").annotate(Count("id")))
    return {id: Load(replicas=replicas.get(id, 0), builds=builds.get(id, 0)) for id in ids}


def seen(host: Host, *, actor: Actor, limit: int) -> tuple[Sequence[Replica], int]:
    """Replicas there that the actor may see, and how many of them there are."""
    rows = Replica.objects.wanted().filter(host=host).visible_to(actor)
    shown = rows.select_related("service__project", "environment", "host").order_by("service__slug", "index")
    return list(shown[:limit]), rows.count()
