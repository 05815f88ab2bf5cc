"""Ask a replica's host what changed in its files."""

from django.db import transaction

from runtime.contract import states
from runtime.contract.orders import DiffContainer
from webapp.audit import services as audit
from webapp.deployments.models import Replica
from webapp.hosts.models import Host
from webapp.jobs import services as jobs
from webapp.jobs.broadcast import changed
from webapp.jobs.models import Job
from webapp.logs import services as logs
from webapp.logs.models import Log
from webapp.snapshots.entering import require_container, require_entry
from webapp.snapshots.finding import labels_of, name_of
from webapp.snapshots.models import Comparison
from webapp.teams.policy import Actor

KIND = "diff_container"
MAX_KEPT = 3  # ended comparisons of a replica; older ones go when another is asked for


def compare(*, actor: Actor, replica: Replica) -> Comparison:
    """A look at the files of the replica's container; the one under way if there is one.

    Raises `Forbidden`, `Conflicting` (no container), `Unplannable` (its host is away).
    """
    require_entry(actor, replica)
    require_container(replica)
    project = replica.service.project
    with transaction.atomic():
        Host.objects.select_for_update().get(id=replica.host_id)  # one look at a time
        for row in Comparison.objects.filter(replica=replica, container=replica.container):
            if not states.is_terminal(states.JOB, row.state):
                return row
        _sweep(replica)
        log = logs.open_log(project=project, kind="comparison")
        order = DiffContainer(container=replica.container, labels=labels_of(replica))
        row = Comparison.objects.create(
            replica=replica,
            container=replica.container,
            job=jobs.create_job(order=order, project=project, host=replica.host, log=log),
            log=log,
            requested_by=actor.user,
            requested_as=actor.label,
        )
        target = ("replica", replica.id, name_of(replica))
        audit.record_of(project, actor=actor, action="replica.compare", target=target)
        changed(kind="comparison", id=row.id, state=row.state, project_id=project.id)
    return row


def _sweep(replica: Replica) -> None:
    """Old comparisons go, and what is left of those whose replica went."""
    ended = states.terminal_states(states.JOB)
    old = Comparison.objects.filter(replica=replica, state__in=ended).values_list("id", flat=True)
    Comparison.objects.filter(id__in=list(old[MAX_KEPT - 1 :])).delete()
    orphans = Job.objects.filter(project=replica.service.project, kind=KIND, comparison=None, state__in=ended)
    jobs_, logs_ = list(orphans.values_list("id", flat=True)), list(orphans.values_list("log_id", flat=True))
    Job.objects.filter(id__in=jobs_).delete()
    Log.objects.filter(id__in=logs_).delete()
