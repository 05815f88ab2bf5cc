"""Backups from the wish to the archive; what is kept; the end of a volume."""

import asyncio
import hashlib
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from django.test import AsyncClient
from django.utils.timezone import now

from runtime.contract.link import VolumeHeld, VolumesHeld
from runtime.contract.reports import Finish, VolumeArchived, VolumeRemoved
from tests.deployments.rig import Harbour
from tests.volumes.rules import MOUNT
from webapp.audit.models import Entry
from webapp.deployments import services as deployments
from webapp.deployments.mounting import users
from webapp.environments.services import delete_environment
from webapp.jobs.models import Job
from webapp.problems import Conflicting, Forbidden, Invalid, TooLarge
from webapp.volumes import rounds, services
from webapp.volumes.models import Backup, Volume
from webapp.volumes.services import take_piece
from webapp.volumes.services.backing_up import open_backup
from webapp.volumes.store import files

pytestmark = pytest.mark.thorough

DATA = b"what was in it" * 50
GOOD = VolumeArchived(
    size=len(DATA),
    digest=f"sha256:{hashlib.sha256(DATA).hexdigest()}",
    entries=2,
    unpacked=9,
    tree="sha256:" + "1" * 64,
)


@pytest.fixture(autouse=True)
def _commits_at_once(harbour: Harbour, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Files go when a transaction commits, which that around a test never does."""
    monkeypatch.setattr("django.db.transaction.on_commit", lambda act, **_: act())
    yield
    for backup in Backup.objects.all():
        files.forget(backup.id)


@pytest.fixture
def volume(harbour: Harbour) -> Volume:
    """Of the one replica that runs."""
    deployments.change_service(
        actor=harbour.cast.actor("developer"), service=harbour.service, settings={"replicas": 1, "volumes": [MOUNT]}
    )
    harbour.deployed()
    found: Volume = Volume.objects.get()
    return found


def asked(harbour: Harbour, volume: Volume, who: str = "developer", **more: Any) -> Backup:
    return services.back_up(actor=harbour.cast.actor(who), volume=volume, users=users, **more)


def sent(harbour: Harbour, backup: Backup, **lies: Any) -> Backup:
    job = harbour.claim(backup.job)
    take_piece(job=job, offset=0, piece=DATA)
    result = msgspec.structs.replace(GOOD, **lies)
    harbour.finish(job, Finish(state="succeeded", last_line=0, result=result))
    return Backup.objects.get(id=backup.id)


def ready(harbour: Harbour, volume: Volume) -> Backup:
    backup = sent(harbour, asked(harbour, volume))
    assert rounds.check(now=now()) == 1
    return Backup.objects.get(id=backup.id)


def test_the_host_is_told_what_to_send_and_who_stands_still(harbour: Harbour, volume: Volume) -> None:
    backup = asked(harbour, volume, quiesce="pause")
    order = Job.objects.get(id=backup.job_id).order
    (replica,) = harbour.replicas()
    assert (order["volume"], order["name"], order["quiesce"]) == (volume.id, "data", "pause")
    assert order["containers"] == [replica.container] and order["service"] == harbour.service.id
    assert Entry.objects.filter(action="volume.backup", target_id=volume.id).count() == 1


def test_the_pieces_become_a_backup_when_its_digest_was_seen(harbour: Harbour, volume: Volume) -> None:
    backup = sent(harbour, asked(harbour, volume))
    assert backup.state == "checking"
    with open_backup(volume.project_id, GOOD.digest) as file:
        assert file.read() == DATA
    rounds.check(now=now())
    backup.refresh_from_db()
    assert (backup.state, backup.tree, backup.entries) == ("ready", GOOD.tree, 2)
    assert files.archive(backup.id).read_bytes() == DATA


@pytest.mark.parametrize("lie", [{"size": 3}, {"digest": f"sha256:{'0' * 64}"}, {"digest": "x"}, {"entries": -1}])
def test_other_bytes_than_were_sent_are_no_backup(harbour: Harbour, volume: Volume, lie: dict[str, Any]) -> None:
    backup = sent(harbour, asked(harbour, volume), **lie)
    rounds.check(now=now())
    backup.refresh_from_db()
    assert backup.state == "failed" and (backup.problem or {})["code"] == "backup.incomplete"
    assert backup.id not in files.others(set())


def test_so_many_are_kept_the_newest(harbour: Harbour, volume: Volume) -> None:
    developer = harbour.cast.actor("developer")
    services.keep_backups(actor=developer, volume=volume, count=2)
    made = [ready(harbour, volume) for _ in range(3)]
    assert [Backup.objects.get(id=one.id).state for one in made] == ["expired", "ready", "ready"]
    assert not files.archive(made[0].id).exists()
    services.keep_backups(actor=developer, volume=volume, count=1)
    assert rounds.let_go(now=now()) >= 1
    assert [Backup.objects.get(id=one.id).state for one in made] == ["expired", "expired", "ready"]
    for count in (0, 101, "many"):
        with pytest.raises(Invalid):
            services.keep_backups(actor=developer, volume=volume, count=count)


def test_one_at_a_time_and_stopped_when_asked(harbour: Harbour, volume: Volume) -> None:
    backup = asked(harbour, volume)
    with pytest.raises(Conflicting, match="under way"):
        asked(harbour, volume)
    developer = harbour.cast.actor("developer")
    with pytest.raises(Conflicting):
        services.remove_backup(actor=developer, backup=backup, now=now())
    for _ in range(2):
        assert services.cancel_backup(actor=developer, backup=backup, now=now()).state == "cancelled"


def test_too_much_and_a_full_disk_are_refused(
    harbour: Harbour, volume: Volume, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MAX_BACKUP_BYTES = 10
    job = harbour.claim(asked(harbour, volume).job)
    with pytest.raises(TooLarge):
        take_piece(job=job, offset=0, piece=DATA)
    monkeypatch.setattr("webapp.pieces.Pieces.has_room", lambda self, size: False)
    with pytest.raises(Conflicting, match="full"):
        take_piece(job=job, offset=0, piece=b"x")


@pytest.mark.django_db(transaction=True)
def test_an_archive_is_fetched_in_parts(harbour: Harbour, volume: Volume) -> None:
    backup = ready(harbour, volume)
    client = AsyncClient()
    client.force_login(harbour.cast.users["developer"])

    async def fetch() -> tuple[int, bytes, Any]:
        answer: Any = await client.get(f"/backups/{backup.id}/archive/", headers={"range": "bytes=5-9"})
        return answer.status_code, b"".join([part async for part in answer.streaming_content]), answer

    status, found, answer = asyncio.run(fetch())
    assert (status, found) == (206, DATA[5:10])
    assert answer["ETag"] == f'"{GOOD.digest}"' and "dev-front-1-data" in answer["Content-Disposition"]


def test_what_is_in_a_protected_place_is_an_operators(harbour: Harbour, volume: Volume) -> None:
    Volume.objects.update(environment=harbour.cast.production)
    volume.refresh_from_db()
    with pytest.raises(Forbidden):
        asked(harbour, volume)
    assert asked(harbour, volume, "operator").state == "queued"


def delete(harbour: Harbour, volume: Volume, name: str = "data") -> Volume:
    return services.delete_volume(actor=harbour.cast.actor("developer"), volume=volume, name=name, users=users)


def test_a_volume_goes_by_its_name_when_nobody_has_it(harbour: Harbour, volume: Volume) -> None:
    backup = ready(harbour, volume)
    with pytest.raises(Conflicting, match="front 1"):
        delete(harbour, volume)
    deployments.delete_service(actor=harbour.cast.actor("developer"), service=harbour.service)
    assert Volume.objects.filter(active=True).count() == 1, "it outlives the service"
    with pytest.raises(Invalid):
        delete(harbour, volume, "other")
    for _ in range(2):
        volume = delete(harbour, volume)
    job = Job.objects.get(kind="remove_volume")
    assert (job.order["volume"], job.host) == (volume.id, volume.host)
    harbour.finish(harbour.claim(job), Finish(state="succeeded", last_line=0, result=VolumeRemoved()))
    volume.refresh_from_db()
    assert volume.removed_at is not None and not volume.active
    backup.refresh_from_db()
    assert backup.state == "ready", "its backups stay"
    with pytest.raises(Conflicting):
        asked(harbour, volume)


def test_a_removal_that_failed_can_be_asked_for_again(harbour: Harbour, volume: Volume) -> None:
    Volume.objects.update(active=False)
    volume = delete(harbour, volume)
    job = Job.objects.get(kind="remove_volume")
    harbour.finish(harbour.claim(job), Finish(state="failed", last_line=0))
    volume.refresh_from_db()
    assert volume.removal is None and delete(harbour, volume).removal_id != job.id


def test_a_host_tells_the_sizes_of_its_own_volumes_alone(harbour: Harbour, volume: Volume) -> None:
    other = harbour.host("other", harbour.cast.dev)
    said = VolumesHeld(volumes=[VolumeHeld(volume=volume.id, size=77), VolumeHeld(volume="0" * 26, size=1)])
    assert services.counted(host=other, said=said, now=now()) == 0
    assert services.counted(host=harbour.cast.host, said=said, now=now()) == 1
    volume.refresh_from_db()
    assert volume.size == 77 and volume.counted_at is not None


def test_an_environment_with_volumes_stays(harbour: Harbour, volume: Volume) -> None:
    deployments.delete_service(actor=harbour.cast.actor("developer"), service=harbour.service)
    with pytest.raises(Conflicting):
        delete_environment(actor=harbour.cast.actor("owner"), environment=harbour.cast.dev)
