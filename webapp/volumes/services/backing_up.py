"""Have a volume's host send what is in it; stop that; remove what came."""

from collections.abc import Sequence
from datetime import datetime
from typing import BinaryIO, Literal

from django.conf import settings
from django.db import transaction

from runtime.contract.orders import BackupVolume
from runtime.contract.wire import PIECE_BYTES
from webapp.jobs import services as jobs
from webapp.jobs.models import Job
from webapp.logs import services as logs
from webapp.logs.models import Log
from webapp.problems import Conflicting, Invalid, TooLarge
from webapp.teams.policy import Actor, require
from webapp.volumes import rights
from webapp.volumes.models import QUIESCE, UNDER_WAY, Backup, Volume
from webapp.volumes.store import files
from webapp.volumes.telling import show_backup, tell_volume
from webapp.volumes.using import Use, Users

MAX_UNDER_WAY = 4  # of one project


def back_up(*, actor: Actor, volume: Volume, quiesce: str = "none", users: Users) -> Backup:
    """Order the volume's host to send it as one archive. `quiesce`: those who have it pause or stop meanwhile.

    Raises `Conflicting` (gone, one under way, too many, no room here), `Invalid`.
    """
    require(actor, rights.reading(volume.environment), volume.project)
    if quiesce not in QUIESCE:
        raise Invalid({"quiesce": [f"One of {', '.join(QUIESCE)}."]})
    if quiesce == "stop":
        require(actor, rights.changing(volume.environment), volume.project)
    with transaction.atomic():
        volume = locked(volume)
        _refuse(volume)
        log = logs.open_log(project=volume.project, kind="backup")
        backup = order_backup(volume, log=log, quiesce=quiesce, uses=users([volume]).get(volume.id, ()), actor=actor)
        tell_volume(actor=actor, action="volume.backup", volume=volume, after={"quiesce": quiesce, "backup": backup.id})
    return backup


def order_backup(
    volume: Volume,
    *,
    log: Log,
    quiesce: str = "none",
    uses: Sequence[Use] = (),
    actor: Actor | None = None,
    requested_as: str = "",
    deployment: str = "",
) -> Backup:
    """The job of a backup and its row, as a step of a deployment too. Called inside a transaction."""
    hold: Literal["none", "pause", "stop"] = quiesce  # type: ignore[assignment]
    running = [use for use in uses if use.runs and use.container]
    order = BackupVolume(
        volume=volume.id,
        name=volume.name,
        service=volume.service,
        environment=volume.environment_id,
        quiesce=hold if running else "none",
        containers=tuple(use.container for use in running) if hold != "none" else (),
        stop_timeout=max((use.stop_timeout for use in running), default=10),
        limit=settings.MAX_BACKUP_BYTES,
    )
    job = jobs.create_job(order=order, project=volume.project, host=volume.host, log=log)
    backup: Backup = Backup.objects.create(
        volume=volume,
        job=job,
        log=log,
        deployment=deployment,
        quiesce=quiesce,
        requested_by=actor.user if actor is not None else None,
        requested_as=actor.label if actor is not None else requested_as,
    )
    return backup


def cancel_backup(*, actor: Actor, backup: Backup, now: datetime) -> Backup:
    """Stop one that is under way; one that is a step is stopped with its deployment. Twice is once."""
    require(actor, rights.reading(backup.volume.environment), backup.volume.project)
    if backup.deployment:
        raise Conflicting(code="backup.of_deployment", detail="It is a step of a deployment: cancel that one.")
    with transaction.atomic():
        backup.refresh_from_db(fields=["state"])
        if backup.state in ("queued", "sending"):
            job = jobs.request_cancel(job=backup.job, now=now)
            if job.state == "cancelled":
                settle(backup, state="cancelled", now=now)
            tell_volume(actor=actor, action="volume.backup_cancel", volume=backup.volume, after={"backup": backup.id})
    backup.refresh_from_db()
    return backup


def remove_backup(*, actor: Actor, backup: Backup, now: datetime) -> Backup:
    """Let go of an archive that is ready. Twice is once; raises `Conflicting` while it comes in."""
    require(actor, rights.changing(backup.volume.environment), backup.volume.project)
    with transaction.atomic():
        backup.refresh_from_db(fields=["state"])
        if backup.state in UNDER_WAY:
            raise Conflicting(code="backup.under_way", detail="It is still under way: stop it first.")
        if backup.state == "ready" and settle(backup, state="expired", now=now):
            tell_volume(actor=actor, action="volume.backup_remove", volume=backup.volume, before={"backup": backup.id})
    backup.refresh_from_db()
    return backup


def take_piece(*, job: Job, offset: int, piece: bytes) -> int:
    """A piece of what the job's attempt sends; how many bytes are held then. Raises `Conflicting`, `TooLarge`."""
    backup = Backup.objects.select_related("volume").filter(job=job.id, state__in=("queued", "sending")).first()
    if backup is None:
        raise Conflicting(code="backup.not_wanted", detail="No backup waits for bytes of this job.")
    limit: int = Job.objects.values_list("order__limit", flat=True).get(id=job.id)
    if len(piece) > PIECE_BYTES or offset + len(piece) > limit:
        raise TooLarge(code="backup.too_large", detail=f"A piece has at most {PIECE_BYTES} bytes, all {limit}.")
    if not files.has_room(len(piece)):
        raise Conflicting(code="backup.no_room", detail="The disk of the control plane is nearly full.")
    held = files.take(backup.id, job.attempt, offset=offset, piece=piece)
    Backup.objects.filter(id=backup.id, state__in=("queued", "sending")).update(state="sending", size=held)
    backup.state = "sending"
    show_backup(backup)
    return held


def open_backup(project_id: str, digest: str) -> BinaryIO:
    """The bytes of a backup of this project that came in whole. Raises `FileNotFoundError`."""
    rows = Backup.objects.filter(volume__project=project_id, digest=digest, state__in=("checking", "ready"))
    for backup in rows.select_related("job"):
        path = files.whole_file(backup.id, backup.job.attempt)
        if path.exists():
            return path.open("rb")
    raise FileNotFoundError(digest)


def settle(backup: Backup, *, state: str, now: datetime, **fields: object) -> bool:
    """Bring a backup that has not ended, or is ready, to its end; its files go when nothing can be done with them."""
    live = Backup.objects.filter(id=backup.id, state__in=(*UNDER_WAY, "ready"))
    finished = {} if state == "expired" else {"finished_at": now}
    if not live.update(state=state, **finished, **fields):
        return False
    if state != "ready":
        transaction.on_commit(lambda: files.forget(backup.id))
    backup.state = state
    show_backup(backup)
    return True


def locked(volume: Volume) -> Volume:
    """The row as it is now; whoever else would change it waits."""
    rows = Volume.objects.select_for_update(of=("self",)).select_related("project__team", "environment", "host")
    found: Volume = rows.get(id=volume.id)
    return found


def _refuse(volume: Volume) -> None:
    refuse_gone(volume)
    going = Backup.objects.filter(volume__project=volume.project, state__in=UNDER_WAY)
    if going.filter(volume=volume).exists():
        raise Conflicting(code="backup.under_way", detail="A backup of this volume is under way already.")
    if going.count() >= MAX_UNDER_WAY:
        raise Conflicting(
            code="backup.too_many", detail=f"A project has at most {MAX_UNDER_WAY} backups under way: wait for one."
        )
    if not files.has_room(volume.size or 0):
        raise Conflicting(
            code="backup.no_room", detail="The disk of the control plane is nearly full: ask who runs it for room."
        )


def refuse_gone(volume: Volume) -> None:
    """Raise `Conflicting` for a volume that its host has not, or that is being removed."""
    if volume.removed_at is not None or volume.removal_id is not None:
        raise Conflicting(code="volume.removed", detail="This volume was removed.")
    if not volume.made:
        raise Conflicting(code="volume.not_made", detail="No container had this volume yet: there is nothing in it.")
