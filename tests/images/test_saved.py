"""An image that was saved as an archive: defined by an upload, taken in by a host, and a build like any other."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from pytest_django.fixtures import Settings

from runtime.contract.orders import LoadImage
from runtime.contract.reports import Finish, ImageResult, Layer
from tests.blobs.given import bring
from tests.contract.packing import GOOD, zipped
from tests.deployments.rig import Harbour, digest
from tests.procedures.saved import docker, packed
from webapp.blobs.models import Upload
from webapp.hosts.models import Host
from webapp.images.archived import users
from webapp.images.models import Build, Image
from webapp.images.services import define_image, request_build, reuse_build
from webapp.jobs.models import Job
from webapp.problems import Conflicting, Forbidden, Invalid, Missing

pytestmark = pytest.mark.thorough

DATA = packed(docker())


@pytest.fixture(autouse=True)
def blobs_folder(tmp_path: Path, settings: Settings) -> None:
    settings.BLOBS_DIR = tmp_path / "blobs"


@pytest.fixture
def upload(harbour: Harbour) -> Upload:
    return bring(harbour.cast, DATA, name="front.tar")


def imported(harbour: Harbour, upload: Upload, **more: Any) -> Image:
    source = {"kind": "saved", "upload": upload.id, **more}
    actor = harbour.cast.actor("developer")
    return define_image(actor=actor, project=harbour.cast.project, slug="imported", source=source)


def build(harbour: Harbour, image: Image) -> Build:
    return request_build(actor=harbour.cast.actor("developer"), image=image)


def test_the_order_names_the_archive_and_the_name_it_gets(harbour: Harbour, upload: Upload) -> None:
    row = build(harbour, imported(harbour, upload))
    job = Job.objects.get(id=row.job_id)
    order = msgspec.convert(job.order, type=LoadImage)
    assert (order.source.digest, order.source.size, order.source.format) == (upload.digest, len(DATA), "tar")
    assert (order.build, order.tag.startswith("slipway/web/imported:1-"), order.timeout) == (row.id, True, 3600)
    assert (job.kind, job.uses_build_slot, job.secrets) == ("load_image", True, {})


def test_a_host_without_a_builder_takes_it_in(harbour: Harbour, upload: Upload) -> None:
    Host.objects.update(facts={"builder": "none"})
    assert build(harbour, imported(harbour, upload)).state == "queued"


def test_what_the_host_says_becomes_the_build_and_it_needs_no_second_one(harbour: Harbour, upload: Upload) -> None:
    image = imported(harbour, upload)
    row = build(harbour, image)
    assert [use.slug for use in users([upload])[upload.id]] == ["imported"]
    result = ImageResult(image_id=digest(7), digest=None, size=9, layers=[Layer(instruction="ADD", size=9)])
    harbour.play(row.job, Finish(state="succeeded", last_line=0, result=result))
    row.refresh_from_db()
    assert (row.state, row.digest, row.config_digest) == ("succeeded", digest(7), digest(7))
    assert reuse_build(actor=harbour.cast.actor("developer"), image=image) == row


def test_the_definition_keeps_the_digest_and_goes_on_by_it(harbour: Harbour, upload: Upload) -> None:
    kept = imported(harbour, upload).source
    assert (kept["digest"], kept["name"], kept["format"]) == (upload.digest, "front.tar", "tar")
    with pytest.raises(Conflicting) as other:
        imported(harbour, upload, digest=digest(1))
    assert other.value.code == "upload.other"


def test_an_upload_that_is_gone_is_not_built(harbour: Harbour, upload: Upload) -> None:
    image = imported(harbour, upload)
    Upload.objects.all().delete()
    with pytest.raises(Conflicting) as gone:
        build(harbour, image)
    assert gone.value.code == "upload.gone" and not Build.objects.filter(image=image).exists()


def test_a_zip_is_no_saved_image(harbour: Harbour) -> None:
    with pytest.raises(Invalid) as refused:
        imported(harbour, bring(harbour.cast, zipped(GOOD)))
    assert set(refused.value.errors) == {"source.upload"}


@pytest.mark.parametrize(
    ("source", "build_settings", "wrong"),
    [
        ({}, {}, "source.upload"),
        ({"upload": 7}, {}, "source.upload"),
        ({"upload": "x", "digest": "sha256:1"}, {}, "source.digest"),
        ({"upload": "x", "directory": "."}, {}, "source.directory"),
        ({"upload": "x"}, {"dockerfile": "Dockerfile"}, "build.dockerfile"),
    ],
)
def test_what_is_no_such_source_says_where(
    harbour: Harbour, source: dict[str, Any], build_settings: dict[str, Any], wrong: str
) -> None:
    given = {"source": {"kind": "saved", **source}, "build": build_settings}
    with pytest.raises(Invalid) as refused:
        define_image(actor=harbour.cast.actor("developer"), project=harbour.cast.project, slug="x", **given)
    assert set(refused.value.errors) == {wrong}


def test_who_may_not_define_imports_nothing_and_a_stranger_finds_nothing(harbour: Harbour, upload: Upload) -> None:
    source = {"kind": "saved", "upload": upload.id}
    with pytest.raises(Forbidden):
        define_image(actor=harbour.cast.actor("viewer"), project=harbour.cast.project, slug="x", source=source)
    with pytest.raises(Missing):
        define_image(
            actor=harbour.cast.actor("stranger"), project=harbour.cast.foreign_project, slug="x", source=source
        )
    assert not Image.objects.filter(slug="x").exists()


def test_the_api_defines_and_builds_it(harbour: Harbour, upload: Upload) -> None:
    client = harbour.cast.bearer("developer")
    sent = {
        "project": harbour.cast.project.id,
        "slug": "api",
        "source": {"kind": "saved", "upload": upload.id},
    }
    made = client.post("/api/v1/images/", sent, "application/json")
    assert (made.status_code, made.json()["source"]["digest"]) == (201, upload.digest), made.content
    queued = client.post(f"/api/v1/images/{made.json()['id']}/builds/", {}, "application/json")
    assert queued.status_code == 202


def test_a_page_defines_it_and_shows_what_it_is_made_of(harbour: Harbour, upload: Upload) -> None:
    browser = harbour.cast.client("developer")
    project = harbour.cast.project.id
    page = browser.get(f"/projects/{project}/uploads/").content.decode()
    assert f"/projects/{project}/images/new/?upload={upload.id}&amp;kind=saved" in page
    form = browser.get(f"/projects/{project}/images/new/", {"upload": upload.id, "kind": "saved"}).content.decode()
    assert f'<option value="{upload.id}" selected>' in form.partition('data-kind="saved"')[2]
    sent = {"slug": "paged", "kind": "saved", "saved_upload": upload.id, "timeout": "60"}
    answer = browser.post(f"/projects/{project}/images/new/", sent)
    assert answer.status_code == 302, answer.content.decode()
    image = Image.objects.get(slug="paged")
    assert image.source["upload"] == upload.id and "front.tar" in browser.get(f"/images/{image.id}/").content.decode()
    empty = browser.post(f"/projects/{project}/images/new/", {**sent, "slug": "other", "saved_upload": ""})
    assert empty.status_code == 400
