"""Looking at what changed in a replica's files: of its own container, by those who may enter it."""

import pytest

from runtime.contract.reports import FileChange, Finish, Problem
from tests.deployments.rig import Harbour
from tests.snapshots.given import CHANGES, a_protected_replica, a_replica, compared, found
from webapp.audit.models import Entry
from webapp.deployments.models import Replica
from webapp.jobs.models import Job
from webapp.logs.models import Log
from webapp.problems import Conflicting, Forbidden, Unplannable
from webapp.snapshots import follow
from webapp.snapshots.models import Comparison
from webapp.snapshots.services import compare
from webapp.snapshots.suspicious import looks_secret

pytestmark = pytest.mark.thorough


def test_its_host_is_asked_about_its_very_container(harbour: Harbour) -> None:
    replica = a_replica(harbour)
    row = compare(actor=harbour.cast.actor("developer"), replica=replica)
    job = Job.objects.get(id=row.job_id)
    assert (job.kind, job.host_id, job.uses_build_slot) == ("diff_container", replica.host_id, False)
    assert job.order["container"] == replica.container == row.container
    assert job.order["labels"] == {
        "slipway.project": harbour.cast.project.id,
        "slipway.service": harbour.service.id,
        "slipway.environment": harbour.cast.dev.id,
        "slipway.replica": replica.id,
    }
    assert Entry.objects.filter(action="replica.compare", target_id=replica.id, actor="developer").count() == 1


def test_what_the_host_found_is_kept(harbour: Harbour) -> None:
    row = compared(harbour, a_replica(harbour))
    assert (row.state, row.added, row.changed, row.deleted, row.total, row.left_out) == ("succeeded", 2, 1, 1, 4, 0)
    assert [change["path"] for change in row.changes] == [one.path for one in CHANGES]
    assert row.changes[0] == {"kind": "added", "path": "/app/.env", "size": 30, "directory": False}
    assert row.finished_at is not None


def test_what_was_left_out_is_counted(harbour: Harbour) -> None:
    row = compared(harbour, a_replica(harbour), FileChange(kind="added", path="/a"), added=9000, counted=False)
    assert (row.total, row.left_out, row.counted) == (9000, 8999, False)


def test_a_host_cannot_make_it_larger_than_it_may_be(harbour: Harbour, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "MAX_CHANGES", 2)
    many = [FileChange(kind="added", path=f"/{'x' * 3000}\0{at}", size=-at) for at in range(5)]
    row = compared(harbour, a_replica(harbour), *many, added=2**60, changed=-5)
    assert [len(change["path"]) for change in row.changes] == [1000, 1000]
    assert (row.changes[1]["size"], row.added, row.changed) == (0, 2**31 - 1, 0)


def test_one_look_at_a_time(harbour: Harbour) -> None:
    replica, actor = a_replica(harbour), harbour.cast.actor("developer")
    first = compare(actor=actor, replica=replica)
    assert compare(actor=actor, replica=replica).id == first.id
    harbour.play(first.job, Finish(state="succeeded", last_line=0, result=found()))
    assert compare(actor=actor, replica=replica).id != first.id


def test_old_looks_go_with_their_jobs_and_logs(harbour: Harbour) -> None:
    replica = a_replica(harbour)
    rows = [compared(harbour, replica) for _ in range(6)]
    assert set(Comparison.objects.values_list("id", flat=True)) == {row.id for row in rows[-3:]}
    assert Job.objects.filter(kind="diff_container").count() <= 4
    assert Log.objects.filter(kind="comparison").count() <= 4


def test_why_it_failed_is_kept(harbour: Harbour) -> None:
    row = compare(actor=harbour.cast.actor("developer"), replica=a_replica(harbour))
    problem = Problem(code="container_gone", whose="user", message="The container is not there any more.")
    harbour.play(row.job, Finish(state="failed", last_line=0, problem=problem))
    row.refresh_from_db()
    assert row.state == "failed" and (row.problem or {})["code"] == "container_gone"


@pytest.mark.parametrize("name", ["viewer", "stranger"])
def test_who_may_not_enter_may_not_look(harbour: Harbour, name: str) -> None:
    replica = a_replica(harbour)
    with pytest.raises(Forbidden):
        compare(actor=harbour.cast.actor(name), replica=replica)
    assert not Comparison.objects.exists()


def test_in_a_protected_environment_operators_look(harbour: Harbour) -> None:
    replica = a_protected_replica(harbour)
    with pytest.raises(Forbidden):
        compare(actor=harbour.cast.actor("developer"), replica=replica)
    assert compare(actor=harbour.cast.actor("operator"), replica=replica).state == "queued"


def test_without_a_container_there_is_nothing_to_look_at(harbour: Harbour) -> None:
    replica = a_replica(harbour)
    for fields in ({"container": ""}, {"desired": "gone"}):
        Replica.objects.filter(id=replica.id).update(**fields)
        with pytest.raises(Conflicting) as caught:
            compare(actor=harbour.cast.actor("developer"), replica=Replica.objects.get(id=replica.id))
        assert caught.value.code == "replica.no_container"


def test_a_host_that_is_away_is_not_asked(harbour: Harbour) -> None:
    replica = a_replica(harbour)
    replica.host.connected = False
    replica.host.last_heard_at = None
    replica.host.save()
    with pytest.raises(Unplannable) as caught:
        compare(actor=harbour.cast.actor("developer"), replica=replica)
    assert caught.value.code == "replica.host_away" and replica.host.name in caught.value.detail


def test_it_is_asked_and_read_by_the_api(harbour: Harbour) -> None:
    replica = a_replica(harbour)
    asked = harbour.cast.bearer("developer").post(f"/api/v1/replicas/{replica.id}/comparisons/", {}, "application/json")
    assert asked.status_code == 202
    id = asked.json()["id"]
    result = found(*CHANGES)
    harbour.play(Comparison.objects.get(id=id).job, Finish(state="succeeded", last_line=0, result=result))
    told = harbour.cast.bearer("developer").get(f"/api/v1/comparisons/{id}/?wait=1").json()
    assert (told["state"], told["added"], told["left_out"], told["error"]) == ("succeeded", 2, 0, None)
    assert [change["secret_like"] for change in told["changes"]] == [True, False, False, False]
    assert harbour.cast.bearer("stranger").get(f"/api/v1/comparisons/{id}/").status_code == 404
    assert harbour.cast.bearer("viewer").get(f"/api/v1/comparisons/{id}/").status_code == 403


@pytest.mark.thorough
def test_the_page_shows_filters_and_marks(harbour: Harbour) -> None:
    replica = a_replica(harbour)
    browser = harbour.cast.client("developer")
    page = f"/replicas/{replica.id}/files/"
    assert "Nobody looked yet" in browser.get(page).content.decode()
    assert browser.post(f"{page}look/").status_code == 302
    compared_ = Comparison.objects.get()
    harbour.play(compared_.job, Finish(state="succeeded", last_line=0, result=found(*CHANGES)))
    whole = browser.get(page).content.decode()
    assert "/app/.env" in whole and "may hold a secret" in whole and "/etc/passwd" in whole
    some = browser.get(f"{page}?kind=changed&q=PASS").content.decode()
    assert "/etc/passwd" in some and "/app/.env" not in some
    assert "No path fits" in browser.get(f"{page}?q=nowhere").content.decode()
    by_size = browser.get(f"{page}?order=size").content.decode()
    assert by_size.index("/data/new") < by_size.index("/app/.env")
    assert harbour.cast.client("viewer").get(page).status_code == 403
    assert harbour.cast.client("stranger").get(page).status_code == 404
    assert "Changed files" in browser.get(f"/replicas/{replica.id}/").content.decode()
    assert "Changed files" not in harbour.cast.client("viewer").get(f"/replicas/{replica.id}/").content.decode()


@pytest.mark.parametrize(
    "path",
    [
        "/app/.env",
        "/app/.env.production",
        "/root/.ssh/id_ed25519",
        "/root/.ssh/config",
        "/etc/ssl/private/server.key",
        "/x/Key.PEM",
        "/run/secrets/db",
        "/root/.aws/credentials",
        "/root/.netrc",
        "/etc/shadow",
        "/root/.ash_history",
        "/app/config/secrets.yaml",
    ],
)
def test_what_looks_like_a_secret_is_marked(path: str) -> None:
    assert looks_secret(path)


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "/root/.ssh/id_rsa.pub", "/app/keyboard.js", "/etc/ssl/certs/ca-certificates/x.pem", "/env"]
)
def test_what_does_not_is_not(path: str) -> None:
    assert not looks_secret(path)
