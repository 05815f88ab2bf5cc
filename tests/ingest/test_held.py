"""A job that uses Slipway's own registry is not given out while that collects, and is as soon as it serves again."""

from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from runtime.contract import wire
from tests.ingest.conftest import Harbour
from webapp.jobs.models import Job
from webapp.registries.own import collecting
from webapp.registries.own.tokens import folder

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.ingest.urls")]


def test_a_job_is_held_while_the_registry_collects(harbour: Harbour, settings: Settings, tmp_path: Path) -> None:
    settings.OWN_REGISTRY, settings.SLIPWAY_HOME = "127.0.0.1:5050", tmp_path
    job = harbour.build.job
    order = job.order | {"push": [{"push": "p", "repository": "127.0.0.1:5050/a/b", "tags": ["1"]}]}
    Job.objects.filter(id=job.id).update(order=order)
    folder().mkdir()
    (folder() / collecting.WANTED).touch()
    assert harbour.host.post(wire.CLAIMS_PATH, wire.ClaimRequest(job=job.id)).status_code == 204
    assert Job.objects.get(id=job.id).state == "queued"
    (folder() / collecting.WANTED).unlink()
    assert harbour.host.claim(job.id).job == job.id
