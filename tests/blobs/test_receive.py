"""An archive is received: checked, kept once under its digest, and nothing is left of one that is refused."""

import errno
import hashlib
import io
import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils.timezone import now

from tests.blobs.given import DATA, bring, on_disk
from tests.cast import Cast
from tests.contract.packing import ATTACKS, GOOD, PACKERS, TAR_ATTACKS, gzip_bomb, tar, zipped
from webapp.audit.models import Entry
from webapp.blobs import store
from webapp.blobs.models import Blob, Upload
from webapp.problems import Conflicting, Forbidden, Invalid, TooLarge, TooMany, Unavailable

SHA = hashlib.sha256(DATA).hexdigest()


def send(client: Client, cast: Cast, data: bytes = DATA, kind: str = "application/gzip", sha: str | None = None) -> Any:
    url = f"/api/v1/projects/{cast.project.id}/uploads/?name=shop.tar.gz"
    return client.post(url, data, content_type=kind, headers={"X-Content-SHA256": sha} if sha is not None else {})


def _file(data: bytes = DATA) -> Any:
    file = io.BytesIO(data)
    file.name = "shop.tar.gz"
    return file


def test_it_is_kept_under_its_digest_with_what_is_in_it(cast: Cast) -> None:
    answer = send(cast.bearer("developer"), cast, sha=SHA.upper())
    assert answer.status_code == 201, answer.content
    told = answer.json()
    assert (told["digest"], told["size"], told["entries"]) == (f"sha256:{SHA}", len(DATA), 6)
    assert (told["format"], told["name"], told["uploaded_by"]) == ("tar.gz", "shop.tar.gz", "developer")
    assert store.open_blob(told["digest"]).read() == DATA
    assert on_disk() == [f"sha256/{SHA[:2]}/{SHA}"]
    assert Entry.objects.filter(action="upload.create", target_id=told["id"]).count() == 1


@pytest.mark.thorough
@pytest.mark.parametrize("form", PACKERS)
def test_each_kind_is_found_out_though_it_is_not_said(cast: Cast, form: str) -> None:
    answer = send(cast.bearer("developer"), cast, PACKERS[form](GOOD), "application/octet-stream")
    assert answer.status_code == 201 and answer.json()["format"] == form


def test_the_same_bytes_again_are_the_same_upload(cast: Cast) -> None:
    client = cast.bearer("developer")
    first, second = send(client, cast), send(client, cast)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["id"] == second.json()["id"]
    assert Upload.objects.count() == Blob.objects.count() == len(on_disk()) == 1


def test_two_projects_have_the_same_bytes_once(cast: Cast) -> None:
    ours, theirs = bring(cast), bring(cast, who="stranger", project=cast.foreign_project)
    assert ours.id != theirs.id and len(on_disk()) == 1 and Blob.objects.count() == 1


@pytest.mark.thorough
@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_refused_as_a_whole_and_told_to_the_trail(cast: Cast, name: str) -> None:
    with pytest.raises(Invalid):
        bring(cast, tar(ATTACKS[name]))
    assert on_disk() == [] and not Upload.objects.exists() and not Blob.objects.exists()
    refused = Entry.objects.get(action="upload.refused")
    assert refused.project_id == cast.project.id and refused.reason.startswith("archive.refused")


@pytest.mark.parametrize(
    "make",
    [lambda: zipped(ATTACKS["up"]), lambda: tar(TAR_ATTACKS["hard link up"]), lambda: tar(TAR_ATTACKS["block device"])],
)
def test_the_answer_to_an_attack_is_400_with_what_is_wrong(cast: Cast, make: Callable[[], bytes]) -> None:
    answer = send(cast.bearer("developer"), cast, make(), "application/octet-stream")
    assert answer.status_code == 400 and answer.json()["code"] == "archive.refused"
    assert answer.json()["errors"]["archive"] and on_disk() == []


@pytest.mark.thorough
def test_a_bomb_is_413(cast: Cast) -> None:
    answer = send(cast.bearer("developer"), cast, gzip_bomb(80 << 20))
    assert answer.status_code == 413 and answer.json()["code"] == "archive.too_large"
    assert on_disk() == [] and not Upload.objects.exists()


def test_what_is_sent_as_something_else_is_refused(cast: Cast) -> None:
    answer = send(cast.bearer("developer"), cast, DATA, "application/zip")
    assert answer.status_code == 400 and "tar.gz" in answer.json()["detail"]
    assert send(cast.bearer("developer"), cast, DATA, "text/plain").status_code == 415


@pytest.mark.parametrize("digest", ["0" * 64, "x" * 64, "short"])
def test_another_digest_than_was_said_is_refused(cast: Cast, digest: str) -> None:
    answer = send(cast.bearer("developer"), cast, sha=digest)
    assert answer.status_code == 400 and on_disk() == [] and not Upload.objects.exists()


def test_more_than_one_may_have_is_413_before_it_is_read(cast: Cast, settings: Any) -> None:
    settings.UPLOAD_MAX_MB = 1
    read: list[int] = []

    def endless(size: int) -> bytes:
        read.append(size)
        return bytes(size)

    for length in (2 << 20, 1024, None):
        with pytest.raises((TooLarge, Invalid)):
            bring(cast, read=endless, length=length)
        assert sum(read) < 3 << 20 and on_disk() == []
    assert not Upload.objects.exists()


def test_a_projects_quota_is_kept(cast: Cast, settings: Any) -> None:
    settings.UPLOAD_QUOTA_MB = 1
    bring(cast, tar([("a", b"x" * 900_000)]))
    with pytest.raises(TooLarge):
        bring(cast, tar([("b", b"x" * 900_000)]))
    assert Upload.objects.count() == 1 and len(on_disk()) == 1


def test_one_that_breaks_off_leaves_nothing(cast: Cast) -> None:
    def broken(size: int) -> bytes:
        raise OSError("gone")

    with pytest.raises(Invalid) as refused:
        bring(cast, read=broken)
    assert refused.value.code == "upload.aborted"
    with pytest.raises(Invalid):
        bring(cast, length=len(DATA) + 1)
    with pytest.raises(Invalid):
        bring(cast, b"")
    assert on_disk() == [] and not Upload.objects.exists()


def test_a_full_disk_is_said_and_leaves_nothing(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("webapp.blobs.services.receiving.os.fsync", full)
    with pytest.raises(Unavailable, match="No space left"):
        bring(cast)
    assert on_disk() == [] and not Upload.objects.exists()


def test_a_fault_of_ours_leaves_nothing_either(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*said: Any, **more: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr("webapp.blobs.checking.checked", broken)
    with pytest.raises(RuntimeError):
        bring(cast)
    assert on_disk() == [] and not Upload.objects.exists()


def test_not_more_than_a_few_come_in_at_once(cast: Cast) -> None:
    told: list[int] = []

    def another(size: int) -> bytes:
        """While this one comes in, the next begins."""
        try:
            bring(cast, read=another)
        except TooMany as refused:
            told.append(refused.retry_after)
        except Invalid:
            pass
        return b""

    with pytest.raises(Invalid):
        bring(cast, read=another)
    assert told and told[0] > 0 and not Upload.objects.exists()


def test_what_was_cut_off_long_ago_holds_no_place(cast: Cast) -> None:
    for _ in range(3):
        Upload.objects.create(project=cast.project, name="x", uploaded_as="x", brought_at=now())
    with pytest.raises(TooMany):
        bring(cast)
    Upload.objects.update(created_at=now() - timedelta(hours=3))
    assert bring(cast).entries == 6


@pytest.mark.thorough
def test_a_viewer_may_not_and_a_stranger_finds_nothing(cast: Cast) -> None:
    upload = bring(cast)
    with pytest.raises(Forbidden):
        bring(cast, who="viewer")
    assert send(cast.bearer("viewer"), cast).status_code == 403
    stranger = cast.bearer("stranger")
    assert send(stranger, cast).status_code == 404
    for url in (f"/api/v1/uploads/{upload.id}/", f"/api/v1/projects/{cast.project.id}/uploads/"):
        assert stranger.get(url).status_code == 404
    assert stranger.delete(f"/api/v1/uploads/{upload.id}/").status_code == 404
    assert Upload.objects.count() == 1


def test_one_that_still_comes_in_is_nobodys_to_see(cast: Cast) -> None:
    Upload.objects.create(project=cast.project, name="x", uploaded_as="x", brought_at=now())
    assert cast.bearer("owner").get(f"/api/v1/projects/{cast.project.id}/uploads/").json()["results"] == []


@pytest.mark.thorough
def test_a_signed_in_browser_needs_the_csrf_token(cast: Cast) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(cast.users["developer"])
    assert send(browser, cast).status_code == 403
    plain = browser.post(f"/projects/{cast.project.id}/uploads/", {"archive": _file()})
    assert plain.status_code == 403 and on_disk() == []


@pytest.mark.thorough
def test_a_plain_form_uploads_too_and_says_what_is_wrong(cast: Cast) -> None:
    browser, url = cast.client("developer"), f"/projects/{cast.project.id}/uploads/"
    assert browser.post(url, {"archive": _file()}).status_code == 302
    assert Upload.objects.get().name == "shop.tar.gz"
    refused = browser.post(url, {"archive": _file(tar(ATTACKS["up"]))})
    assert refused.status_code == 400 and "leads elsewhere" in refused.content.decode()
    assert "Choose an archive" in browser.post(url, {}).content.decode()


def test_a_name_is_shown_and_never_used_as_a_path(cast: Cast) -> None:
    assert bring(cast, name="C:\\x\\..\\evil\u202e.tar").name == "evil?.tar"
    assert bring(cast, tar(GOOD), name="../../etc/passwd").name == "passwd"


def test_a_digest_from_outside_is_no_path() -> None:
    for digest in ("sha256:../../x", "../x", "", "sha256:" + "A" * 64):
        with pytest.raises(ValueError, match="digest"):
            store.path_of(digest)


def test_conflicts_have_words(cast: Cast, settings: Any) -> None:
    settings.UPLOAD_QUOTA_MB = 0
    with pytest.raises(Conflicting, match="Delete one"):
        bring(cast)
