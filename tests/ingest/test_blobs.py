"""A host gets the bytes that its job's order names, from where it has them to, and no others."""

import asyncio
import io
from pathlib import Path
from typing import Any

import pytest
from django.utils.timezone import now

from runtime.contract import CONTRACT_VERSION, names, wire
from tests.contract.packing import GOOD, tar_gz
from tests.ingest.conftest import Harbour
from webapp.blobs.models import Upload
from webapp.blobs.services import receive_upload
from webapp.images.models import Build
from webapp.images.services import define_image, request_build
from webapp.problems import Conflicting, Missing

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.ingest.urls")]
DATA = tar_gz(GOOD)


@pytest.fixture(autouse=True)
def blobs_folder(tmp_path: Path, settings: Any) -> None:
    settings.BLOBS_DIR = tmp_path / "blobs"


@pytest.fixture
def upload(harbour: Harbour) -> Upload:
    actor = harbour.cast.actor("developer")
    upload, _ = receive_upload(actor=actor, project=harbour.cast.project, read=io.BytesIO(DATA).read, now=now())
    return upload


@pytest.fixture
def build(harbour: Harbour, upload: Upload) -> Build:
    actor = harbour.cast.actor("developer")
    source = {"kind": "archive", "upload": upload.id}
    image = define_image(actor=actor, project=harbour.cast.project, slug="packed", source=source)
    return request_build(actor=actor, image=image)


def get(harbour: Harbour, job: str, digest: str, *, start: int = 0, token: str | None = None, **more: str) -> Any:
    headers = {
        "Authorization": f"Bearer {harbour.host.credential}",
        names.HEADER_CONTRACT: str(CONTRACT_VERSION),
        names.HEADER_JOB_TOKEN: harbour.host.token if token is None else token,
        "Range": f"bytes={start}-",
    }
    return harbour.host.client.get(wire.blob_path(job, digest), headers=headers | more)


def content(answer: Any) -> bytes:
    async def read() -> bytes:
        return b"".join([chunk async for chunk in answer.streaming_content])

    return asyncio.run(read())


def test_the_order_names_the_bytes_and_the_host_gets_them(harbour: Harbour, build: Build, upload: Upload) -> None:
    claim = harbour.host.claim(build.job_id)
    source: Any = claim.order.source  # type: ignore[union-attr]
    assert (source.digest, source.size, source.format) == (upload.digest, len(DATA), "tar.gz")
    answer = get(harbour, build.job_id, source.digest)
    assert answer.status_code == 206 and content(answer) == DATA
    rest = get(harbour, build.job_id, source.digest, start=100)
    assert rest.headers["Content-Range"] == f"bytes 100-{len(DATA) - 1}/{len(DATA)}" and content(rest) == DATA[100:]
    assert content(get(harbour, build.job_id, source.digest, start=len(DATA))) == b""


def test_nobody_gets_what_is_not_for_them(harbour: Harbour, build: Build, upload: Upload) -> None:
    assert get(harbour, build.job_id, upload.digest).status_code in (404, 409)  # not claimed yet
    harbour.host.claim(build.job_id)
    assert get(harbour, build.job_id, "sha256:" + "0" * 64).status_code == 404
    assert get(harbour, build.job_id, "sha256:..").status_code == 404
    assert get(harbour, build.job_id, upload.digest, token="other").status_code in (404, 409)
    theirs: dict[str, Any] = {"Authorization": f"Bearer {harbour.other.credential}"}
    assert get(harbour, build.job_id, upload.digest, **theirs).status_code == 409
    assert get(harbour, build.job_id, upload.digest, Authorization="").status_code == 401
    assert get(harbour, build.job_id, upload.digest, Range="bytes=0-5").status_code == 400
    assert get(harbour, build.job_id, upload.digest, start=len(DATA) + 1).status_code == 400
    assert harbour.host.post(wire.blob_path(build.job_id, upload.digest), b"{}").status_code == 405


def test_a_job_that_is_about_something_else_gets_nothing(harbour: Harbour, upload: Upload) -> None:
    harbour.host.claim(harbour.job.id)
    assert get(harbour, harbour.job.id, upload.digest).status_code == 404


def test_another_projects_upload_is_no_source(harbour: Harbour, upload: Upload) -> None:
    stranger, theirs = harbour.cast.actor("stranger"), harbour.cast.foreign_project
    for source in ({"upload": upload.id}, {"upload": upload.id, "digest": upload.digest}):
        with pytest.raises(Missing):
            define_image(actor=stranger, project=theirs, slug="stolen", source={"kind": "archive", **source})


def test_a_definition_keeps_what_the_upload_was_and_goes_on_by_its_digest(
    harbour: Harbour, build: Build, upload: Upload
) -> None:
    kept = build.image.source
    assert (kept["digest"], kept["size"], kept["entries"], kept["directory"]) == (upload.digest, len(DATA), 6, ".")
    again = define_image(
        actor=harbour.cast.actor("developer"),
        project=harbour.cast.project,
        slug="again",
        source={**kept, "upload": "0" * 26},
    )
    assert again.source["upload"] == upload.id
    with pytest.raises(Conflicting, match="another digest"):
        define_image(
            actor=harbour.cast.actor("developer"),
            project=harbour.cast.project,
            slug="other",
            source={**kept, "digest": "sha256:" + "0" * 64},
        )


def test_a_build_of_an_upload_that_is_gone_says_what_to_do(harbour: Harbour, build: Build, upload: Upload) -> None:
    Upload.objects.filter(id=upload.id).delete()
    with pytest.raises(Conflicting, match="Bring the same archive again"):
        request_build(actor=harbour.cast.actor("developer"), image=build.image)
