"""What is on hosts, for their pages (`webapp.hosts.tenants.Tenants`)."""

from collections.abc import Collection, Mapping, Sequence

from django.db.models import Count

from runtime.contract import states
from webapp.deployments.models import Replica
from webapp.hosts.models import Host
from webapp.hosts.tenants import Load, Queued
from webapp.images.models import Build
from webapp.jobs.services.queueing import at_work, waiting
from webapp.teams.policy import Action, Actor, may

NOT_WORKING = {"queued", *states.terminal_states(states.BUILD)}


def loads(hosts: Collection[Host]) -> Mapping[str, Load]:
    """Replicas that are wanted, and builds at work, by host id."""
    ids = [host.id for host in hosts]
    wanted = Replica.objects.wanted().filter(host__in=ids).order_by()
    working = Build.objects.filter(host__in=ids).exclude(state__in=NOT_WORKING).order_by()
    replicas: dict[str, list[Mapping[str, float]]] = {}
    for host, settings in wanted.values_list("host", "release__settings"):
        replicas.setdefault(host, []).append(settings["limits"])
    builds = dict(working.values_list("host").annotate(Count("id")))
    return {id: _load(replicas.get(id, []), builds.get(id, 0)) for id in ids}


def _load(limits: Sequence[Mapping[str, float]], builds: int) -> Load:
    cpus, memory = (sum(limit[name] for limit in limits) for name in ("cpus", "memory"))
    return Load(replicas=len(limits), cpus=round(cpus, 2), memory=int(memory), builds=builds)


def queue(host: Host, *, actor: Actor, limit: int) -> tuple[Sequence[Queued], int]:
    """Builds with a slot and those that wait for one, in turn; of whom the actor may see, and how many others."""
    working = list(at_work(host.id).values_list("id", flat=True)[:limit])
    waits = list(waiting(host.id).values_list("id", flat=True)[:limit])
    places: dict[str, int | None] = {**dict.fromkeys(working), **{id: at for at, id in enumerate(waits, start=1)}}
    builds = Build.objects.visible_to(actor).filter(job__in=places).select_related("image__project__team")
    mine = {build.job_id: build for build in builds.defer("layers", "definition", "problem")}
    rows = [
        Queued(build=mine[id], place=place, operates=may(actor, Action.OPERATE, mine[id].image.project))
        for id, place in places.items()
        if id in mine
    ]
    return rows, len(places) - len(rows)


def seen(host: Host, *, actor: Actor, limit: int) -> tuple[Sequence[Replica], int]:
    """Replicas there that the actor may see, and how many of them there are."""
    rows = Replica.objects.wanted().filter(host=host).visible_to(actor)
    shown = rows.select_related("service__project", "environment", "host").order_by("service__slug", "index")
    return list(shown[:limit]), rows.count()
