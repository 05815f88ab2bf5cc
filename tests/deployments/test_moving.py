"""A replica moves with its data: the source stays until the target is healthy, and starts again whatever fails."""

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from django.utils.timezone import now

from runtime.contract.reports import Finish, Problem, ServiceResult, VolumeArchived, VolumeRestored
from tests.deployments.rig import Harbour
from tests.deployments.test_volumes import DATA, SHARED, with_volumes
from webapp.deployments import services
from webapp.deployments.models import Deployment, Replica
from webapp.deployments.mounting import users
from webapp.holdings.services import noted
from webapp.hosts.models import Host
from webapp.ingest import owners
from webapp.jobs import services as jobs
from webapp.jobs.models import Job
from webapp.problems import Conflicting, Forbidden, Unplannable
from webapp.volumes import rounds
from webapp.volumes.models import Backup, Volume
from webapp.volumes.services import back_up, take_piece
from webapp.volumes.store import files

pytestmark = pytest.mark.thorough

ARCHIVE = b"an archive"
ARCHIVED = VolumeArchived(
    size=len(ARCHIVE),
    digest="sha256:" + "7" * 64,
    entries=3,
    unpacked=100,
    tree="sha256:" + "8" * 64,
)
BROKEN = Problem(code="volume_not_archived", whose="user", message="It cannot be packed.")


@pytest.fixture(autouse=True)
def _no_files(db: None) -> Iterator[None]:
    yield
    for backup in Backup.objects.all():
        files.forget(backup.id)


def stage(harbour: Harbour, *mounts: dict[str, Any], replicas: int = 1) -> Host:
    """The service runs on `local`; a second host could run it too."""
    with_volumes(harbour, *mounts, replicas=replicas)
    build = harbour.built()
    harbour.deployed(build=build)
    second = harbour.host("second", harbour.cast.dev)
    noted(host_id=second.id, image_id=build.config_digest, size=1, now=now())
    return second


def moved(harbour: Harbour, target: Host, **more: Any) -> Deployment:
    return services.move(
        actor=harbour.cast.actor("developer"),
        service=harbour.service,
        environment=harbour.cast.dev,
        replica=harbour.replicas()[0],
        host=target,
        **more,
    )


def told(harbour: Harbour, deployment: Deployment) -> tuple[str, str, list[tuple[int, str]]]:
    """Host, kind of order, and which replicas it names how."""
    job = _next(harbour, deployment)
    replicas = [(one["index"], one.get("desired", "running")) for one in job.order.get("replicas", [])]
    return job.host.name, job.kind, replicas


def do(harbour: Harbour, deployment: Deployment) -> None:
    """The next host does what it is told."""
    job = _next(harbour, deployment)
    if job.kind == "converge_service":
        harbour.succeed(job)
        return
    claimed = harbour.claim(job)
    if job.kind == "backup_volume":
        take_piece(job=claimed, offset=0, piece=ARCHIVE)
        harbour.finish(claimed, Finish(state="succeeded", last_line=0, result=ARCHIVED))
    else:
        result = VolumeRestored(entries=3, unpacked=100, tree=ARCHIVED.tree)
        harbour.finish(claimed, Finish(state="succeeded", last_line=0, result=result))


def _next(harbour: Harbour, deployment: Deployment) -> Job:
    job = harbour.next_job(deployment)
    assert job is not None
    return job


def fail(harbour: Harbour, deployment: Deployment) -> None:
    job = _next(harbour, deployment)
    if job.kind == "converge_service":
        harbour.fail(job, reverted=True)
    else:
        harbour.finish(harbour.claim(job), Finish(state="failed", last_line=0, problem=BROKEN))


STORY = [
    ("local", "converge_service", [(1, "stopped")]),
    ("local", "backup_volume", []),
    ("second", "restore_volume", []),
    ("second", "converge_service", [(1, "running")]),
    ("local", "converge_service", []),
]


def state(deployment: Deployment) -> str:
    return str(Deployment.objects.values_list("state", flat=True).get(id=deployment.id))


def test_a_cold_move_stops_packs_unpacks_starts_there_and_only_then_lets_go(harbour: Harbour) -> None:
    deployment = moved(harbour, stage(harbour, DATA))
    source = Volume.objects.get()
    for step in STORY:
        assert told(harbour, deployment) == step
        if step[1] == "restore_volume":
            order = _next(harbour, deployment).order
            assert (order["digest"], order["tree"]) == (ARCHIVED.digest, ARCHIVED.tree)
            assert Volume.objects.get(active=True) == source
        do(harbour, deployment)
    assert state(deployment) == "succeeded"
    (replica,) = harbour.replicas()
    assert replica.host.name == "second" and Replica.objects.exclude(id=replica.id).get().container == ""
    active = Volume.objects.get(active=True)
    assert (active.host.name, active.replaces) == ("second", source)
    assert "from local to second with its volumes data" in deployment.plan["sentence"]


@pytest.mark.parametrize("at", range(4))
def test_whatever_fails_before_the_target_is_healthy_starts_the_source_again(harbour: Harbour, at: int) -> None:
    deployment = moved(harbour, stage(harbour, DATA))
    source, (before,) = Volume.objects.get(), harbour.replicas()
    for _ in range(at):
        do(harbour, deployment)
    fail(harbour, deployment)
    if at:
        assert told(harbour, deployment) == ("local", "converge_service", [(1, "running")])
        order = _next(harbour, deployment).order
        assert order["replicas"][0]["volumes"] == [{"name": "data", "volume": source.id, "known": True}]
        do(harbour, deployment)
    assert state(deployment) == "rolled_back" and harbour.next_job(deployment) is None
    (after,) = harbour.replicas()
    assert (after.id, after.host.name, after.desired) == (before.id, "local", "running")
    assert Volume.objects.get(active=True) == source


@pytest.mark.parametrize("at", range(4))
def test_a_cancelled_move_goes_back_as_a_failed_one(harbour: Harbour, at: int) -> None:
    deployment = moved(harbour, stage(harbour, DATA))
    for _ in range(at):
        do(harbour, deployment)
    job = harbour.claim(_next(harbour, deployment))
    services.cancel(actor=harbour.cast.actor("developer"), deployment=deployment)
    harbour.finish(job, Finish(state="cancelled", last_line=0))
    while harbour.next_job(deployment):
        do(harbour, deployment)
    assert state(deployment) == "cancelled"
    assert [row.host.name for row in harbour.replicas()] == ["local"]
    assert Volume.objects.get(active=True).host.name == "local"


def test_once_the_target_is_healthy_nothing_turns_back(harbour: Harbour) -> None:
    deployment = moved(harbour, stage(harbour, DATA))
    for _ in range(3):
        do(harbour, deployment)
    job = harbour.claim(_next(harbour, deployment))
    services.cancel(actor=harbour.cast.actor("developer"), deployment=deployment)
    harbour.finish(job, Finish(state="succeeded", last_line=0, result=ServiceResult(replicas=harbour.results(job))))
    assert told(harbour, deployment) == STORY[4]
    fail(harbour, deployment)
    assert state(deployment) == "succeeded"
    assert [row.host.name for row in harbour.replicas()] == ["second"]
    assert Volume.objects.get(active=True).host.name == "second"


def test_a_host_that_dies_for_good_leaves_one_of_the_two_states(harbour: Harbour) -> None:
    deployment = moved(harbour, stage(harbour, DATA))
    for _ in range(2):
        do(harbour, deployment)
    job = _next(harbour, deployment)
    Job.objects.filter(id=job.id).update(max_attempts=1)
    harbour.claim(job)
    later = now() + timedelta(seconds=jobs.LEASE_SECONDS * 2)
    jobs.expire_leases(now=later, on_change=owners.job_changed)
    while harbour.next_job(deployment):
        do(harbour, deployment)
    assert [row.host.name for row in harbour.replicas()] == ["local"] and state(deployment) == "rolled_back"


def test_without_volumes_it_starts_there_first(harbour: Harbour) -> None:
    deployment = moved(harbour, stage(harbour, replicas=1))
    assert told(harbour, deployment) == ("second", "converge_service", [(1, "running")])
    do(harbour, deployment)
    assert told(harbour, deployment) == ("local", "converge_service", [])
    do(harbour, deployment)
    assert state(deployment) == "succeeded" and not Volume.objects.exists()


def test_a_drained_host_is_moved_away_from(harbour: Harbour) -> None:
    target = stage(harbour, DATA)
    Host.objects.filter(name="local").update(drained=True)
    deployment = moved(harbour, target)
    for _ in STORY:
        do(harbour, deployment)
    assert state(deployment) == "succeeded"


def test_others_on_the_host_stay_as_they_are(harbour: Harbour) -> None:
    deployment = moved(harbour, stage(harbour, DATA, replicas=2))
    other = harbour.replicas()[1]
    assert told(harbour, deployment)[2] == [(1, "stopped"), (2, "running")]
    for _ in STORY:
        do(harbour, deployment)
    assert {row.index: row.host.name for row in harbour.replicas()} == {1: "second", 2: "local"}
    assert harbour.replicas()[1].id == other.id


def test_what_cannot_be_moved_says_why(harbour: Harbour) -> None:
    target = stage(harbour, DATA)
    for host, reason in ((Host.objects.get(name="local"), "already"), (harbour.host("third"), "belong")):
        with pytest.raises(Unplannable) as refused:
            moved(harbour, host)
        assert any(reason in text for text in refused.value.reasons)
    with pytest.raises(Forbidden):
        services.move(
            actor=harbour.cast.actor("viewer"),
            service=harbour.service,
            environment=harbour.cast.dev,
            replica=harbour.replicas()[0],
            host=target,
        )


def test_a_shared_volume_goes_only_with_the_only_one_that_has_it(harbour: Harbour) -> None:
    target = stage(harbour, SHARED, replicas=2)
    with pytest.raises(Unplannable) as refused:
        moved(harbour, target)
    assert any("front 2" in text for text in refused.value.reasons)


def backed_up(harbour: Harbour) -> Backup:
    backup = back_up(actor=harbour.cast.actor("developer"), volume=Volume.objects.get(active=True), users=users)
    claimed = harbour.claim(backup.job)
    take_piece(job=claimed, offset=0, piece=ARCHIVE)
    digest = f"sha256:{hashlib.sha256(ARCHIVE).hexdigest()}"
    result = msgspec.structs.replace(ARCHIVED, digest=digest)
    harbour.finish(claimed, Finish(state="succeeded", last_line=0, result=result))
    assert rounds.check(now=now()) == 1
    return Backup.objects.get(id=backup.id)


def restored(harbour: Harbour, backup: Backup) -> Deployment:
    return services.restore(
        actor=harbour.cast.actor("developer"), volume=Volume.objects.get(active=True), backup=backup
    )


def test_a_restore_makes_a_volume_beside_and_mounts_it_in_a_new_container(harbour: Harbour) -> None:
    stage(harbour, DATA)
    backup, former = backed_up(harbour), Volume.objects.get()
    deployment = restored(harbour, backup)
    assert told(harbour, deployment) == ("local", "restore_volume", [])
    do(harbour, deployment)
    job = _next(harbour, deployment)
    fresh = Volume.objects.get(active=True)
    assert fresh.replaces == former and job.order["replicas"][0]["volumes"][0]["volume"] == fresh.id
    do(harbour, deployment)
    assert state(deployment) == "succeeded"


@pytest.mark.parametrize("at", [0, 1])
def test_a_restore_that_fails_leaves_the_former_volume(harbour: Harbour, at: int) -> None:
    stage(harbour, DATA)
    backup, former, (before,) = backed_up(harbour), Volume.objects.get(), harbour.replicas()
    deployment = restored(harbour, backup)
    for _ in range(at):
        do(harbour, deployment)
    fail(harbour, deployment)
    assert state(deployment) in ("failed", "rolled_back") and harbour.next_job(deployment) is None
    assert Volume.objects.get(active=True) == former
    assert [(row.id, row.desired) for row in harbour.replicas()] == [(before.id, "running")]


def test_only_a_ready_backup_of_the_project_is_restored(harbour: Harbour) -> None:
    stage(harbour, DATA)
    backup = backed_up(harbour)
    Backup.objects.update(state="expired")
    backup.refresh_from_db()
    with pytest.raises(Conflicting):
        restored(harbour, backup)
