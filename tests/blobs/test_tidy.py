"""What nobody needs goes; what an image or a waiting build is made from stays."""

import os
import time
from datetime import timedelta
from typing import Any

import pytest
from django.utils.timezone import now

from tests.blobs.given import DATA, bring, on_disk
from tests.cast import Cast
from tests.contract.packing import GOOD, tar
from webapp.audit.models import Entry
from webapp.blobs import services, store
from webapp.blobs.models import Blob, Upload
from webapp.images import archived
from webapp.images.models import Image
from webapp.problems import Conflicting, Forbidden

LATER = timedelta(days=8)


def tidy(after: timedelta = LATER) -> int:
    return services.tidy(now=now() + after, users=archived.users)


def an_image(cast: Cast, upload: Upload) -> Image:
    source = {"kind": "archive", "upload": upload.id, "digest": upload.digest, "size": upload.size}
    return Image.objects.create(project=cast.project, slug="front", source=source)


def delete(cast: Cast, upload: Upload, who: str = "developer") -> None:
    services.delete_upload(actor=cast.actor(who), upload=upload, users=archived.users)


def test_one_that_nobody_named_for_a_week_goes_with_its_bytes(cast: Cast) -> None:
    bring(cast)
    assert tidy(timedelta(days=6)) == 0 and len(on_disk()) == 1
    assert tidy() == 2 and on_disk() == [] and not Blob.objects.exists()
    assert Entry.objects.filter(action="upload.delete", actor="slipway").count() == 1
    assert tidy() == 0


def test_one_that_an_image_is_defined_by_stays_until_it_is_not(cast: Cast) -> None:
    image = an_image(cast, bring(cast))
    assert tidy() == 0 and len(on_disk()) == 1
    image.delete()
    assert tidy() == 2 and on_disk() == []


def test_bytes_that_another_project_has_too_stay(cast: Cast) -> None:
    ours, theirs = bring(cast), bring(cast, who="stranger", project=cast.foreign_project)
    delete(cast, ours)
    assert store.open_blob(theirs.digest).read() == DATA
    services.delete_upload(actor=cast.actor("stranger"), upload=theirs, users=archived.users)
    assert on_disk() == []


def test_what_was_begun_and_not_ended_goes(cast: Cast) -> None:
    Upload.objects.create(project=cast.project, name="x", uploaded_as="x", brought_at=now())
    for place in (store.incoming("left"), store.path_of("sha256:" + "ab" * 32)):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(b"x")
        os.utime(place, (time.time() - 9000,) * 2)
    store.incoming("fresh").write_bytes(b"x")
    bring(cast)
    assert tidy(timedelta(minutes=1)) == 2 and len(on_disk()) == 2
    assert tidy(timedelta(hours=3)) == 1 and Upload.objects.count() == 1


def test_deleting_it_is_refused_while_an_image_is_built_from_it(cast: Cast) -> None:
    upload = bring(cast)
    image = an_image(cast, upload)
    with pytest.raises(Conflicting, match="front"):
        delete(cast, upload)
    answer = cast.bearer("developer").delete(f"/api/v1/uploads/{upload.id}/")
    assert answer.status_code == 409 and answer.json()["code"] == "upload.in_use" and len(on_disk()) == 1
    image.delete()
    assert cast.bearer("developer").delete(f"/api/v1/uploads/{upload.id}/").status_code == 204
    assert on_disk() == [] and Entry.objects.filter(action="upload.delete").count() == 1


def test_a_viewer_deletes_none(cast: Cast) -> None:
    with pytest.raises(Forbidden):
        delete(cast, bring(cast), "viewer")
    assert len(on_disk()) == 1


def test_bytes_that_went_are_there_again_when_they_are_brought_again(cast: Cast) -> None:
    delete(cast, bring(cast))
    again: Any = bring(cast)
    assert store.open_blob(again.digest).read() == DATA
    bring(cast, tar(GOOD))
    assert len(on_disk()) == 2


def test_a_project_that_goes_takes_its_uploads_along(cast: Cast) -> None:
    bring(cast)
    Upload.objects.filter(project=cast.project).delete()
    assert tidy(timedelta(0)) == 1 and on_disk() == []
