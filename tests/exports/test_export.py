"""An export from the wish to the archive: every byte is seen, and no half file is left whatever happens."""

import asyncio
import hashlib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import AsyncClient, Client
from django.utils.timezone import now

from runtime.contract import CONTRACT_VERSION, names, wire
from runtime.contract.reports import Exported, Finish, Progress
from tests.deployments.rig import UNHEALTHY, Harbour
from tests.retention.given import LONG_AGO, ruled
from webapp.audit.models import Entry
from webapp.exports import rounds, store
from webapp.exports.models import Export
from webapp.exports.services import KEPT_FOR, MAX_KEPT, MAX_UNDER_WAY, cancel_export, export_build, take_piece
from webapp.images.models import Build
from webapp.images.services import request_build
from webapp.ingest import owners
from webapp.jobs import services as jobs
from webapp.jobs.models import Job
from webapp.problems import Conflicting, Forbidden, Invalid, TooLarge, Unplannable
from webapp.retention.services import dry_run

pytestmark = pytest.mark.thorough

FIRST, SECOND = b"a" * 1000, b"b" * 500
WHOLE = f"sha256:{hashlib.sha256(FIRST + SECOND).hexdigest()}"


@pytest.fixture(autouse=True)
def _commits_at_once(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Files go when a transaction commits, which that around a test never does."""
    monkeypatch.setattr("django.db.transaction.on_commit", lambda act, **_: act())
    yield
    for path in store.folder().iterdir():
        path.unlink()


def files() -> list[str]:
    return sorted(path.name for path in store.folder().iterdir())


def asked(harbour: Harbour, build: Build | None = None, **more: Any) -> Export:
    actor = harbour.cast.actor(more.pop("who", "developer"))
    return export_build(actor=actor, build=build or harbour.built(), now=now(), **more)


def claimed(harbour: Harbour, export: Export) -> Job:
    job = harbour.claim(export.job)
    jobs.progress(job=job, progress=Progress(state="running"), now=now())
    return job


def sent(harbour: Harbour, export: Export, *, digest: str = WHOLE, size: int = 1500) -> Export:
    """Both pieces came, and the host says that this was all."""
    job = claimed(harbour, export)
    take_piece(job=job, offset=0, piece=FIRST)
    take_piece(job=job, offset=1000, piece=SECOND)
    harbour.finish(job, Finish(state="succeeded", last_line=0, result=Exported(size=size, digest=digest)))
    return Export.objects.get(id=export.id)


def ready(harbour: Harbour, build: Build | None = None) -> Export:
    export = sent(harbour, asked(harbour, build))
    assert rounds.check(now=now()) == 1
    return Export.objects.get(id=export.id)


def test_a_host_that_holds_the_image_is_told_to_send_it(harbour: Harbour) -> None:
    build = harbour.built()
    export = asked(harbour, build, layout="oci")
    order = Job.objects.get(id=export.job_id).order
    assert (order["image"], order["layout"], order["name"]) == (build.config_digest, "oci", build.job.order["tag"])
    assert (export.state, export.job.host) == ("queued", build.host)
    assert Entry.objects.filter(action="export.request").count() == 1


def test_the_pieces_become_an_archive_when_its_digest_was_seen(harbour: Harbour) -> None:
    export = sent(harbour, asked(harbour))
    assert (export.state, export.size, files()) == ("checking", 1500, [f"{export.id}.1.part"])
    assert rounds.check(now=now()) == 1
    export.refresh_from_db()
    assert export.state == "ready" and export.expires_at is not None and files() == [f"{export.id}.tar"]
    assert store.archive(export.id).read_bytes() == FIRST + SECOND


@pytest.mark.parametrize("lie", [{"size": 1501}, {"digest": f"sha256:{'0' * 64}"}, {"digest": "nonsense"}])
def test_other_bytes_than_were_sent_are_no_archive(harbour: Harbour, lie: dict[str, Any]) -> None:
    export = sent(harbour, asked(harbour), **lie)
    rounds.check(now=now())
    export.refresh_from_db()
    assert export.state == "failed" and (export.problem or {})["code"] == "export.incomplete" and files() == []


def test_a_loop_that_died_after_it_gave_the_archive_its_name_is_followed_by_one_that_says_so(harbour: Harbour) -> None:
    export = sent(harbour, asked(harbour))
    store.complete(export.id, export.job.attempt)
    assert rounds.check(now=now()) == 1
    export.refresh_from_db()
    assert export.state == "ready" and store.archive(export.id).read_bytes() == FIRST + SECOND


def test_a_piece_that_is_sent_again_is_taken_once_and_a_gap_not_at_all(harbour: Harbour) -> None:
    export = asked(harbour)
    job = claimed(harbour, export)
    assert [take_piece(job=job, offset=0, piece=FIRST) for _ in range(2)] == [1000, 1000]
    assert take_piece(job=job, offset=2000, piece=SECOND) == 1000
    with store.coming(export.id, 1).open("ab") as file:
        file.write(SECOND[:7])  # the process died while it wrote
    assert take_piece(job=job, offset=1000, piece=SECOND) == 1500
    assert store.coming(export.id, 1).read_bytes() == FIRST + SECOND


def test_a_lost_host_begins_anew_and_leaves_no_half_file(harbour: Harbour) -> None:
    export = asked(harbour)
    job = claimed(harbour, export)
    take_piece(job=job, offset=0, piece=FIRST)
    later = now() + timedelta(seconds=jobs.LEASE_SECONDS * 2)
    jobs.expire_leases(now=later, on_change=owners.job_changed)
    again = claimed(harbour, export)
    assert again.attempt == 2
    take_piece(job=again, offset=0, piece=SECOND)
    assert files() == [f"{export.id}.2.part"]
    for _ in range(2):
        later += timedelta(minutes=5)
        jobs.expire_leases(now=later, on_change=owners.job_changed)
        if Job.objects.get(id=export.job_id).state == "queued":
            claimed(harbour, export)
    export.refresh_from_db()
    assert (export.state, files()) == ("failed", [])


def test_a_failed_export_says_why_and_leaves_nothing(harbour: Harbour) -> None:
    export = asked(harbour)
    job = claimed(harbour, export)
    take_piece(job=job, offset=0, piece=FIRST)
    harbour.finish(job, Finish(state="failed", last_line=0, problem=UNHEALTHY))
    export.refresh_from_db()
    assert (export.state, (export.problem or {})["code"], files()) == ("failed", "unhealthy", [])
    with pytest.raises(Conflicting):
        take_piece(job=job, offset=1000, piece=SECOND)


def test_one_that_waits_is_stopped_at_once_and_one_that_is_ready_is_removed(harbour: Harbour) -> None:
    developer = harbour.cast.actor("developer")
    waiting = asked(harbour)
    for _ in range(2):
        assert cancel_export(actor=developer, export=waiting, now=now()).state == "cancelled"
    done = ready(harbour)
    for _ in range(2):
        assert cancel_export(actor=developer, export=done, now=now()).state == "expired"
    assert files() == [] and Entry.objects.filter(action="export.remove").count() == 1


def test_an_archive_goes_when_its_time_is_over_and_strays_with_it(harbour: Harbour) -> None:
    export = ready(harbour)
    (store.folder() / "stray.1.part").write_bytes(b"x")
    assert rounds.let_go(now=now()) == 1 and files() == [f"{export.id}.tar"]
    assert rounds.let_go(now=now() + KEPT_FOR * 2) == 1
    export.refresh_from_db()
    assert (export.state, files()) == ("expired", [])
    assert rounds.let_go(now=now() + rounds.TOLD_FOR * 2) == 1
    assert not Export.objects.exists() and not Job.objects.filter(kind="export_image").exists()


def test_too_much_is_refused_before_it_is_kept(harbour: Harbour, settings: Any) -> None:
    settings.MAX_EXPORT_BYTES = 1200
    export = asked(harbour)
    job = claimed(harbour, export)
    take_piece(job=job, offset=0, piece=FIRST)
    with pytest.raises(TooLarge):
        take_piece(job=job, offset=1000, piece=SECOND)
    assert store.held(export.id, 1) == 1000


def test_a_full_disk_is_said_before_and_while(harbour: Harbour, monkeypatch: pytest.MonkeyPatch) -> None:
    job = claimed(harbour, asked(harbour))
    monkeypatch.setattr(store, "has_room", lambda size: False)
    for act in (lambda: take_piece(job=job, offset=0, piece=FIRST), lambda: asked(harbour)):
        with pytest.raises(Conflicting) as refused:
            act()
        assert refused.value.code == "export.no_room"


@pytest.mark.thorough
def test_a_project_has_so_many_at_once(harbour: Harbour) -> None:
    build = harbour.built()
    for _ in range(MAX_UNDER_WAY):
        asked(harbour, build)
    with pytest.raises(Conflicting, match="under way"):
        asked(harbour, build)
    Export.objects.update(state="ready")
    for _ in range(MAX_KEPT - MAX_UNDER_WAY):
        asked(harbour, build)
        Export.objects.update(state="ready")
    with pytest.raises(Conflicting, match="at most"):
        asked(harbour, build)


@pytest.mark.thorough
def test_what_was_not_built_or_is_gone_or_nowhere_is_not_exported(harbour: Harbour) -> None:
    with pytest.raises(Conflicting, match="only one that succeeded"):
        asked(harbour, request_build(actor=harbour.cast.actor("developer"), image=harbour.image))
    gone = harbour.built()
    Build.objects.filter(id=gone.id).update(expired_at=now())
    with pytest.raises(Conflicting, match="cannot be exported"):
        asked(harbour, gone)
    with pytest.raises(Unplannable):
        asked(harbour, harbour.built(host=_silent(harbour)))
    with pytest.raises(Invalid):
        asked(harbour, layout="zip")
    assert not Export.objects.exists()


def _silent(harbour: Harbour) -> Any:
    host = harbour.host("far")
    harbour.cast.team.hosts.remove(host)
    host.every_team = False
    host.save()
    return host


@pytest.mark.parametrize("name", ["viewer", "stranger", "admin"])
def test_who_does_not_build_exports_nothing(harbour: Harbour, name: str) -> None:
    build, actor = harbour.built(), harbour.cast.actor(name)
    with pytest.raises(Forbidden):
        export_build(actor=actor, build=build, now=now())
    export = asked(harbour, build)
    with pytest.raises(Forbidden):
        cancel_export(actor=actor, export=export, now=now())
    assert Export.objects.get().state == "queued"


def test_retention_waits_for_an_export_that_is_under_way(harbour: Harbour) -> None:
    first = harbour.built()
    harbour.built()
    Build.objects.update(finished_at=now() - LONG_AGO)
    asked(harbour, first)
    ruled(harbour, keep=1)
    (plan,) = dry_run(project=harbour.cast.project, now=now())
    assert plan.gone == () and {build.number: why for build, why in plan.kept}[1] == "it is being exported"


@pytest.mark.thorough
def test_a_host_puts_its_pieces_with_its_jobs_token_and_no_other(harbour: Harbour) -> None:
    export = asked(harbour)
    took = jobs.claim(host=harbour.cast.host, job_id=export.job_id, now=now())
    assert took is not None
    headers = {
        "Authorization": f"Bearer {harbour.cast.host_credential}",
        names.HEADER_CONTRACT: str(CONTRACT_VERSION),
        names.HEADER_JOB_TOKEN: took.claim.token,
    }

    def put(offset: int, data: bytes, **more: str) -> Any:
        path = wire.piece_path(export.job_id, offset)
        return Client().put(path, data, content_type="application/octet-stream", headers={**headers, **more})

    assert put(0, FIRST).json() == {"held": 1000}
    assert put(1000, b"x" * (wire.PIECE_BYTES + 1)).status_code == 413
    assert put(1000, SECOND, **{names.HEADER_JOB_TOKEN: "another"}).status_code == 409
    assert put(1000, SECOND, Authorization="Bearer slh_x").status_code == 401
    post = Client().post(
        wire.piece_path(export.job_id, 0), b"", content_type="application/octet-stream", headers=headers
    )
    assert post.status_code == 405
    assert store.held(export.id, 1) == 1000


def fetched(harbour: Harbour, export: Export, *, who: str = "developer", **headers: str) -> tuple[int, bytes, Any]:
    token = harbour.cast.token(who)[1]
    shown = {"Authorization": f"Bearer {token}", **headers}

    async def fetch() -> tuple[int, bytes, Any]:
        answer: Any = await AsyncClient().get(f"/api/v1/exports/{export.id}/archive/", headers=shown)
        body = b"".join([piece async for piece in answer]) if answer.streaming else answer.content
        return answer.status_code, body, answer

    return asyncio.run(fetch())


@pytest.mark.thorough
@pytest.mark.django_db(transaction=True)
def test_an_archive_is_fetched_whole_or_from_where_one_stopped(harbour: Harbour) -> None:
    export = ready(harbour)
    whole = FIRST + SECOND
    status, body, answer = fetched(harbour, export)
    assert (status, body, answer["ETag"]) == (200, whole, f'"{WHOLE}"')
    assert 'filename="web-front-1.docker.tar"' in answer["Content-Disposition"]
    status, body, answer = fetched(harbour, export, Range="bytes=900-1099")
    assert (status, body, answer["Content-Range"]) == (206, whole[900:1100], "bytes 900-1099/1500")
    assert fetched(harbour, export, Range="bytes=1500-")[0] == 416
    assert [fetched(harbour, export, who=who)[0] for who in ("viewer", "stranger")] == [403, 404]
    rounds.let_go(now=now() + KEPT_FOR * 2)
    assert fetched(harbour, export)[0] == 410
    assert fetched(harbour, asked(harbour))[0] == 409
