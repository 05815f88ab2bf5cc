"""The own registry collects when no job uses it, and none begins to meanwhile; nobody waits for one that none keeps."""

import json
import os
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils.timezone import now
from pytest_django.fixtures import Settings

from launch import keep_registry as keeper
from tests.deployments.rig import Harbour, harbour
from tests.redis_rig import redis_server, redis_url
from webapp.images.services import request_build
from webapp.ingest import owners
from webapp.jobs.models import Job
from webapp.registries.models import Erasure
from webapp.registries.own import collecting, place
from webapp.registries.own.tokens import folder

__all__ = ["harbour", "redis_server", "redis_url"]

pytestmark = pytest.mark.thorough

ADDRESS = "127.0.0.1:5050"
LATER = timedelta(hours=2)


@pytest.fixture
def own(harbour: Harbour, settings: Settings, tmp_path: Path) -> Harbour:
    """A registry that is kept, and of which something was erased."""
    settings.OWN_REGISTRY, settings.SLIPWAY_HOME = ADDRESS, tmp_path
    folder().mkdir()
    row = place.row_for(harbour.cast.team)
    assert row is not None
    Erasure.objects.create(
        registry=row, repository="a/b", digest="sha256:1", state="erased", due_at=now(), finished_at=now() + LATER
    )
    heard()
    return harbour


def heard() -> None:
    (folder() / keeper.HERE).touch()


def aged(name: str, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(folder() / name, (then, then))


def turn() -> int:
    heard()
    return collecting.run(now=now() + LATER)


def files() -> set[str]:
    return {path.name for path in folder().iterdir()} - {keeper.HERE}


def a_job(harbour: Harbour) -> Job:
    return Job.objects.get(id=request_build(actor=harbour.cast.actor("developer"), image=harbour.image).job_id)


def test_both_sides_mean_the_same_files() -> None:
    assert (collecting.GO, collecting.DONE, collecting.HERE) == (keeper.GO, keeper.DONE, keeper.HERE)
    assert keeper.COLLECT_SECONDS + keeper.STOP_SECONDS < collecting.HELD_SECONDS
    assert keeper.LOOK_SECONDS * 5 <= collecting.ALIVE_SECONDS


def test_it_is_asked_for_when_the_jobs_that_use_it_are_held(own: Harbour) -> None:
    job = a_job(own)
    assert not collecting.holds_back(job.id)
    assert turn() == 0 and files() == {collecting.WANTED} and collecting.holds_back(job.id)
    assert turn() == 0 and files() == {collecting.WANTED}  # a claim may be being answered
    aged(collecting.WANTED, collecting.SETTLE_SECONDS + 1)
    assert turn() == 0 and files() == {collecting.WANTED, collecting.GO}
    (folder() / collecting.GO).unlink()
    (folder() / collecting.DONE).write_text(json.dumps({"good": True, "freed": 7, "began": time.time()}))
    assert turn() == 1 and files() == {collecting.DONE}
    assert not collecting.holds_back(job.id)


def test_it_waits_for_what_is_under_way_but_not_for_ever(own: Harbour) -> None:
    job = own.claim(a_job(own))
    turn()
    aged(collecting.WANTED, collecting.SETTLE_SECONDS + 1)
    assert turn() == 0 and files() == {collecting.WANTED}
    aged(collecting.WANTED, collecting.PATIENCE_SECONDS + 1)
    turn()
    assert files() == set()
    Job.objects.filter(id=job.id).update(state="failed")
    owners.job_changed(Job.objects.get(id=job.id))
    turn()
    aged(collecting.WANTED, collecting.SETTLE_SECONDS + 1)
    turn()
    assert collecting.GO in files()


def test_a_job_that_does_not_use_it_is_not_held(own: Harbour) -> None:
    job = a_job(own)
    Job.objects.filter(id=job.id).update(order={"kind": "forget_images", "images": []})
    turn()
    assert files() == {collecting.WANTED} and not collecting.holds_back(job.id)


def test_nobody_is_held_for_a_keeper_that_is_gone(own: Harbour) -> None:
    turn()
    aged(keeper.HERE, collecting.ALIVE_SECONDS + 1)
    assert collecting.run(now=now() + LATER) == 0 and files() == set()
    (folder() / keeper.HERE).unlink()
    assert collecting.run(now=now() + LATER) == 0 and files() == set()


def test_nobody_is_held_longer_than_a_collection_may_take(own: Harbour) -> None:
    job = a_job(own)
    turn()
    aged(collecting.WANTED, collecting.HELD_SECONDS + 1)
    (folder() / collecting.GO).touch()
    assert not collecting.holds_back(job.id)
    turn()
    assert files() == set()


@pytest.mark.parametrize("since", [timedelta(0), timedelta(hours=3)])
def test_without_anything_erased_since_the_last_time_nothing_is_collected(own: Harbour, since: timedelta) -> None:
    began = (now() + LATER - since).timestamp() if since else (now() + 2 * LATER).timestamp()
    (folder() / collecting.DONE).write_text(json.dumps({"good": True, "freed": 0, "began": began}))
    Erasure.objects.update(finished_at=now() - timedelta(days=1))
    turn()
    assert files() == {collecting.DONE}
