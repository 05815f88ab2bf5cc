"""What has to happen though nobody asks, how often, and what may not wait for what."""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from runtime.contract.link import SILENT_AFTER_SECONDS
from webapp.audit import services as audit
from webapp.blobs import services as blobs
from webapp.control.loop import Part
from webapp.deployments import certified
from webapp.deployments import services as deployments
from webapp.deployments.rollout import patience, reconcile
from webapp.deployments.services import queueing, starting
from webapp.exports import rounds as exports
from webapp.hooks import services as hooks
from webapp.hosts import doorbells
from webapp.hosts import services as hosts
from webapp.hosts.models import Host
from webapp.images import archived
from webapp.ingest import owners
from webapp.jobs import broadcast
from webapp.jobs import services as jobs
from webapp.logs import archive
from webapp.notices import services as notices
from webapp.registries.own import collecting
from webapp.registries.own import place as own_registry
from webapp.retention import rounds as retention
from webapp.volumes import rounds as volumes

logger = logging.getLogger(__name__)


def _expire_leases(moment: datetime) -> int:
    lost = jobs.expire_leases(now=moment, on_change=owners.job_changed)
    for job in lost:
        said = (job.id, job.kind, job.host.name, job.attempt, job.state)
        logger.warning("job lost job=%s kind=%s host=%s attempt=%d now=%s", *said)
    return len(lost)


def _ring(moment: datetime) -> int:
    return jobs.ring_outstanding(now=moment)


def _mark_silent(moment: datetime) -> int:
    """A host whose link is silent is not connected; pages compute *unknown since* from when it was heard."""
    silent = Host.objects.filter(connected=True, last_heard_at__lt=moment - timedelta(seconds=SILENT_AFTER_SECONDS))
    for host in silent:
        hosts.disconnected(host=host, link=host.link)
        broadcast.changed(kind="host", id=host.id, state=host.state, project_id=None)
        logger.warning("host silent host=%s heard=%s", host.name, host.last_heard_at)
    return len(silent)


def _lose_unheard(moment: datetime) -> int:
    return reconcile.note_silence(moment)


def _move_by_themselves(moment: datetime) -> int:
    return deployments.move_by_themselves(moment)


def _archive(moment: datetime) -> int:
    return archive.archive_dirty()


def _reconcile(moment: datetime) -> int:
    return reconcile.run_once(now=moment)


def _keep_doorbells(moment: datetime) -> int:
    """Redis forgets its users when it restarts."""
    return doorbells.keep()


def _forget_proofs(moment: datetime) -> int:
    return hosts.forget_proofs(now=moment)


def _start_approved(moment: datetime) -> int:
    """Approvals that are too old lapse; what is approved starts when its environment opens."""
    return starting.run_once(now=moment)


def _deliver_certificates(moment: datetime) -> int:
    return certified.deliver_due(now=moment)


def _wait_no_longer(moment: datetime) -> int:
    """Deployments turn back where a host stays silent."""
    return patience.run_once(now=moment)


def _start_next(moment: datetime) -> int:
    """What stood in line has its turn."""
    return queueing.run_once(now=moment)


def _settle_refusals(moment: datetime) -> int:
    return audit.flush_refusals(now=moment)


def _prune_deliveries(moment: datetime) -> int:
    return hooks.prune(now=moment)


def _send_notices(moment: datetime) -> int:
    return notices.send_due(now=moment)


def _prune_notices(moment: datetime) -> int:
    return notices.prune(now=moment)


def _apply_retention(moment: datetime) -> int:
    return retention.apply_due(now=moment)


def _sweep_images(moment: datetime) -> int:
    return retention.sweep(now=moment) + retention.prune(now=moment)


def _erase(moment: datetime) -> int:
    return retention.erase(now=moment)


def _collect(moment: datetime) -> int:
    return collecting.run(now=moment)


def _own_registry(moment: datetime) -> int:
    """Teams that were made since know Slipway's own registry."""
    return own_registry.keep_rows()


def _tidy_uploads(moment: datetime) -> int:
    return blobs.tidy(now=moment, users=archived.users)


def _check_exports(moment: datetime) -> int:
    return exports.check(now=moment)


def _check_backups(moment: datetime) -> int:
    return volumes.check(now=moment)


def _let_backups_go(moment: datetime) -> int:
    return volumes.let_go(now=moment)


def _let_exports_go(moment: datetime) -> int:
    return exports.let_go(now=moment)


# Each loop is a thread of its own: what is slow, or calls somebody outside, is a chore, and no lease waits for it.
# Lines have a loop to themselves, since hosts keep in their spool what is not archived.
LOOPS: Mapping[str, Sequence[Part]] = {
    "pulse": (
        Part("leases", _expire_leases, every=1.0),
        Part("doorbells", _ring, every=1.0),
        Part("silent hosts", _mark_silent, every=1.0),
        Part("unheard replicas", _lose_unheard, every=1.0),
        Part("doorbell users", _keep_doorbells, every=2.0),
    ),
    "archive": (Part("archive", _archive, every=1.0),),
    "chores": (
        Part("silent hosts of deployments", _wait_no_longer, every=5.0),
        Part("next in line", _start_next, every=1.0),
        Part("reconcile", _reconcile, every=1.0),
        Part("approvals", _start_approved, every=5.0),
        Part("certificates", _deliver_certificates, every=2.0),
        Part("moves", _move_by_themselves, every=5.0),
        Part("refusals", _settle_refusals, every=5.0),
        Part("retention", _apply_retention, every=60.0),
        Part("images to forget", _sweep_images, every=60.0),
        Part("own registry", _own_registry, every=10.0),
        Part("uploads", _tidy_uploads, every=300.0),
        Part("deliveries", _prune_deliveries, every=600.0),
        Part("proofs", _forget_proofs, every=60.0),
        Part("old notices", _prune_notices, every=600.0),
    ),
    "archives": (  # which may be large, and are read to their end
        Part("exports", _check_exports, every=1.0),
        Part("old exports", _let_exports_go, every=60.0),
        Part("backups", _check_backups, every=1.0),
        Part("old backups", _let_backups_go, every=60.0),
    ),
    "own registry": (  # which may be away
        Part("manifests to erase", _erase, every=10.0),
        Part("collection", _collect, every=5.0),
    ),
    "notices": (Part("notices", _send_notices, every=1.0),),  # waits for others, so nothing waits for it
}
