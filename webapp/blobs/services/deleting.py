"""Let uploads go: one that a person deletes, and what nobody needs any more."""

from datetime import datetime, timedelta

from django.db import transaction

from webapp.audit import services as audit
from webapp.blobs import store
from webapp.blobs.models import READY, RECEIVING, Blob, Upload
from webapp.blobs.services.receiving import MAX_SECONDS
from webapp.blobs.using import Users
from webapp.problems import Conflicting
from webapp.teams.policy import SYSTEM, Action, Actor, require

KEPT_UNUSED = timedelta(days=7)  # somebody may be about to define an image with it
UNFINISHED = timedelta(seconds=2 * MAX_SECONDS)
A_PASS = 100


def delete_upload(*, actor: Actor, upload: Upload, users: Users) -> None:
    """Delete it, and its bytes unless another project has them too. Raises `Conflicting` while an image needs it."""
    require(actor, Action.DEFINE, upload.project)
    with transaction.atomic():
        _lock(upload)
        uses = users([upload]).get(upload.id, [])
        if uses:
            named = ", ".join(use.slug for use in uses[:5])
            detail = f"Images are built from it: {named}. Give them another source, and let their builds end, first."
            raise Conflicting(code="upload.in_use", detail=detail)
        _let_go(actor, upload)
    _sweep([upload.digest])


def tidy(*, now: datetime, users: Users) -> int:
    """Remove what was begun and not ended, what nobody named for a week, and bytes that no upload has. How many."""
    begun = Upload.objects.filter(state=RECEIVING, created_at__lt=now - UNFINISHED)
    done = begun.delete()[0]
    for path in store.unfinished(older_than=UNFINISHED.total_seconds()):
        path.unlink(missing_ok=True)
        done += 1
    return done + _tidy_unused(now, users) + _tidy_bytes()


def _tidy_unused(now: datetime, users: Users) -> int:
    old = Upload.objects.filter(state=READY, brought_at__lt=now - KEPT_UNUSED).select_related("project")
    named = users(list(old))
    done = 0
    for upload in [upload for upload in old if not named.get(upload.id)][:A_PASS]:
        with transaction.atomic():
            _lock(upload)
            fresh = Upload.objects.filter(id=upload.id, brought_at=upload.brought_at).exists()
            if fresh and not users([upload]).get(upload.id):
                _let_go(SYSTEM, upload)
                done += 1
    return done


def _tidy_bytes() -> int:
    """Blobs without an upload, and files without a blob."""
    done = _sweep(list(Blob.objects.filter(uploads=None).values_list("digest", flat=True)[:A_PASS]))
    for digest in store.kept(older_than=UNFINISHED.total_seconds()):
        if not Blob.objects.filter(digest=digest).exists():
            store.drop(digest)
            done += 1
    return done


def _sweep(digests: list[str]) -> int:
    """Whoever brings the same bytes waits for the row, and then writes them anew."""
    done = 0
    for digest in digests:
        with transaction.atomic():
            blob = Blob.objects.select_for_update().filter(digest=digest).first()
            if blob is not None and not blob.uploads.exists():
                store.drop(digest)
                blob.delete()
                done += 1
    return done


def _lock(upload: Upload) -> None:
    """Whoever asks for a build from it waits, and then finds it gone."""
    list(Upload.objects.select_for_update().filter(id=upload.id).values_list("id"))


def _let_go(actor: Actor, upload: Upload) -> None:
    audit.record_of(
        upload.project,
        actor=actor,
        action="upload.delete",
        target=("upload", upload.id, upload.name),
        before={"digest": upload.digest},
    )
    Upload.objects.filter(id=upload.id).delete()
