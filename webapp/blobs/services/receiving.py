"""Take an archive in: counted and hashed while it comes, checked when it is whole; then it has its place."""

import hashlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Sum

from runtime.contract.archives.rules import MIB, Format
from runtime.contract.names import DIGEST
from runtime.contract.paths import shown
from webapp.audit import services as audit
from webapp.blobs import checking, store
from webapp.blobs.models import READY, RECEIVING, Blob, Upload
from webapp.findings import is_storable
from webapp.ids import new_id
from webapp.problems import Conflicting, Invalid, Refusal, TooLarge, TooMany, Unavailable
from webapp.teams.models import Project
from webapp.teams.policy import Action, Actor, require

CHUNK = 256 * 1024
MAX_SECONDS = 3600.0  # for the bytes to come in
MAX_AT_ONCE = 3  # of one project
RETRY_AFTER_SECONDS = 10
MAX_NAME = 200
TRIES = 5

Read = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class _Received:
    path: Path
    digest: str
    size: int


def max_bytes() -> int:
    """What one archive may have."""
    return int(settings.UPLOAD_MAX_MB * MIB)


def receive_upload(
    *,
    actor: Actor,
    project: Project,
    read: Read,
    now: datetime,
    name: str = "",
    declared: Format | None = None,
    length: int | None = None,
    digest: str | None = None,
) -> tuple[Upload, bool]:
    """The upload that `read` gives piece by piece, and whether it is new: the same bytes again are the same upload.

    `length` and `digest` are what the sender says of it, if anything. Raises `Forbidden`, `Invalid`, `TooLarge`,
    `TooMany` (at once), `Conflicting` (quota). Whatever is raised, nothing is left.
    """
    require(actor, Action.DEFINE, project)
    name = _name(name)
    if digest is not None and not DIGEST.fullmatch(digest):
        raise Invalid({"digest": ["sha256: and 64 hexadecimal digits in small letters."]})
    upload = _begin(actor, project, name, length, now)
    path = store.incoming(upload.id)
    try:
        received = _written(path, read, _room(project), length)
        if digest not in (None, received.digest):
            raise Invalid({"digest": [f"What came has {received.digest}."]}, code="upload.digest")
        found = checking.checked(path, declared=declared)
        return _finish(actor, upload, received, found, now)
    except Refusal as refusal:
        _discard(upload, path)
        _refused(actor, project, refusal)
        raise
    except BaseException:
        _discard(upload, path)
        raise


def _begin(actor: Actor, project: Project, name: str, length: int | None, now: datetime) -> Upload:
    """A place among those that come in at once."""
    with transaction.atomic():
        Project.objects.select_for_update().get(id=project.id)
        since = now - timedelta(seconds=2 * MAX_SECONDS)
        if Upload.objects.filter(project=project, state=RECEIVING, created_at__gt=since).count() >= MAX_AT_ONCE:
            detail = f"At most {MAX_AT_ONCE} uploads of a project come in at once. Try again when one has ended."
            raise TooMany(code="upload.too_many", detail=detail, retry_after=RETRY_AFTER_SECONDS)
        upload = Upload(
            id=new_id(), project=project, name=name, uploaded_by=actor.user, uploaded_as=actor.label, brought_at=now
        )
        _check_length(length, _room(project))
        upload.save(force_insert=True)
    return upload


def _room(project: Project) -> int:
    """So many bytes may come: what one upload may have, and what the project has left. Raises `Conflicting`."""
    left = _left(project)
    if left <= 0:
        raise _full()
    return min(left, max_bytes())


def _left(project: Project) -> int:
    held = Blob.objects.filter(uploads__project=project).aggregate(total=Sum("size"))["total"] or 0
    return int(settings.UPLOAD_QUOTA_MB * MIB - held)


def _check_length(length: int | None, room: int) -> None:
    if length is not None and length > room:
        raise _too_large(room)


def _written(path: Path, read: Read, room: int, length: int | None) -> _Received:
    try:
        return _receive(path, read, room, length)
    except OSError as error:
        detail = f"It cannot be kept here: {error.strerror or error}. An administrator has to look at SLIPWAY_HOME."
        raise Unavailable(code="upload.no_room", detail=detail) from error


def _receive(path: Path, read: Read, room: int, length: int | None) -> _Received:
    hashed, size, until = hashlib.sha256(), 0, time.monotonic() + MAX_SECONDS
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        while chunk := _read(read, until):
            size += len(chunk)
            if size > room:
                raise _too_large(room)
            hashed.update(chunk)
            file.write(chunk)
        if size == 0 or length not in (None, size):
            raise _aborted("It ended before its end.")
        file.flush()
        os.fsync(descriptor)
    return _Received(path, f"sha256:{hashed.hexdigest()}", size)


def _read(read: Read, until: float) -> bytes:
    if time.monotonic() > until:
        raise _aborted(f"It did not come in within {MAX_SECONDS:g} seconds.")
    try:
        return read(CHUNK)
    except OSError as error:
        raise _aborted("It broke off.") from error


def _finish(
    actor: Actor, upload: Upload, received: _Received, found: checking.Found, now: datetime
) -> tuple[Upload, bool]:
    facts: dict[str, Any] = {
        "state": READY,
        "format": found.format,
        "entries": found.entries,
        "unpacked": found.unpacked,
        "notes": found.notes,
    }
    with transaction.atomic():
        Project.objects.select_for_update().get(id=upload.project_id)
        blob = _lock_blob(received)
        store.keep(received.path, digest=blob.digest)
        before = Upload.objects.filter(project=upload.project_id, blob=blob).first()
        if before is not None:
            Upload.objects.filter(id=upload.id).delete()
            Upload.objects.filter(id=before.id).update(brought_at=now)
        elif not Upload.objects.filter(id=upload.id).update(blob=blob, **facts):
            raise Conflicting(code="upload.gone", detail="The project, or this upload, was deleted meanwhile.")
        else:
            if _left(upload.project) < 0:  # others came in meanwhile
                raise _full()
            _record(actor, upload, received, found)
    kept = Upload.objects.select_related("blob", "project__team").get(id=before.id if before else upload.id)
    return kept, before is None


def _lock_blob(received: _Received) -> Blob:
    """The row of these bytes, locked; who tidies up may have it in hand, and take it away before us."""
    for _ in range(TRIES):
        try:
            with transaction.atomic():
                Blob.objects.get_or_create(digest=received.digest, defaults={"size": received.size})
        except IntegrityError:
            continue
        found = Blob.objects.select_for_update().filter(digest=received.digest).first()
        if found is not None:
            return found
    raise Conflicting(code="upload.contended", detail="The same bytes are being let go just now. Try again.")


def _discard(upload: Upload, path: Path) -> None:
    path.unlink(missing_ok=True)
    Upload.objects.filter(id=upload.id, state=RECEIVING).delete()


def _name(name: str) -> str:
    """As people call it: the last part of a path, safe to show."""
    text = name.replace("\\", "/").rpartition("/")[2].strip()
    return shown(text)[:MAX_NAME] if text and is_storable(text) else "upload"


def _too_large(room: int) -> TooLarge:
    detail = f"At most {room // MIB} MiB can come in: {settings.UPLOAD_MAX_MB} for one archive, "
    detail += f"{settings.UPLOAD_QUOTA_MB} for all that a project keeps."
    return TooLarge(code="upload.too_large", detail=detail)


def _full() -> Conflicting:
    detail = f"The uploads of this project hold its {settings.UPLOAD_QUOTA_MB} MiB. Delete one that is not needed."
    return Conflicting(code="upload.quota", detail=detail)


def _aborted(why: str) -> Invalid:
    return Invalid({}, code="upload.aborted", detail=f"The archive did not come in whole. {why} Send it again.")


def _refused(actor: Actor, project: Project, refusal: Refusal) -> None:
    audit.record_refusal(
        actor=actor,
        action="upload.refused",
        reason=f"{refusal.code}: {refusal.detail}",
        target_type="project",
        target_id=project.id,
        team_id=project.team_id,
        project_id=project.id,
    )


def _record(actor: Actor, upload: Upload, received: _Received, found: checking.Found) -> None:
    audit.record_of(
        upload.project,
        actor=actor,
        action="upload.create",
        target=("upload", upload.id, upload.name),
        after={"digest": received.digest, "size": received.size, "format": found.format, "entries": found.entries},
    )
