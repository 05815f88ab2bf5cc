"""One repair: a job that tells a host again what shall run of a service there, and what becomes of it."""

from datetime import datetime, timedelta

from runtime.contract import states
from webapp.deployments.models import DesiredState, Release, Repair, Replica
from webapp.deployments.rollout import ordering
from webapp.hosts.models import Host
from webapp.jobs.models import Job
from webapp.logs import services as logs

FIRST_PAUSE_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 300.0
FORGET_AFTER_SECONDS = 900.0  # of quiet: the next repair is a first one again


def pause_after(attempts: int) -> timedelta:
    """How long to wait after this many repairs in a row."""
    doubled = FIRST_PAUSE_SECONDS * 2.0 ** min(attempts - 1, 16)
    return timedelta(seconds=min(doubled, LONGEST_PAUSE_SECONDS))


def repair(*, release: Release, desired: DesiredState | None, host: Host, now: datetime) -> Job | None:
    """Tell the host what it shall run of this release's service there, unless it was told just now."""
    places = Repair.objects.select_related("job").filter(
        service=release.service, environment=release.environment, host=host
    )
    last = places.first()
    if last is not None and (last.next_at > now or not states.is_terminal(states.JOB, last.job.state)):
        return None
    attempts = 1
    if last is not None and last.next_at > now - timedelta(seconds=FORGET_AFTER_SECONDS):
        attempts = last.attempts + 1
    job = _give(release, desired, host)
    fields = {"job": job, "attempts": attempts, "next_at": now + pause_after(attempts)}
    Repair.objects.update_or_create(
        service=release.service, environment=release.environment, host=host, defaults=fields
    )
    return job


def _give(release: Release, desired: DesiredState | None, host: Host) -> Job:
    wanted = Replica.objects.wanted().filter(service=release.service, environment=release.environment, host=host)
    rows = list(wanted.filter(release=release).order_by("index")) if desired is not None and desired.replicas else []
    order = ordering.converge(
        release=release,
        deployment=None,
        generation=desired.generation if desired is not None else 0,
        replicas=rows,
    )
    log = logs.open_log(project=release.service.project, kind="deployment")
    names = ", ".join(str(row.index) for row in rows) or "none"
    logs.write(
        log, f"{release.service.slug} in {release.environment.slug}: host {host.name} shall run replicas {names}."
    )
    return ordering.give(order=order, release=release, host=host, log=log)


def job_changed(job: Job) -> None:
    """The end of a job without a deployment ends its log; the next pass sees whether it helped."""
    if states.is_terminal(states.JOB, job.state):
        logs.end_log(log=job.log, state=job.state)
