"""The bars of a cell: its last deployments, as high as they took long."""

from datetime import timedelta

import pytest
from django.utils.timezone import now

from tests.deployments.rig import Harbour
from webapp.deployments import services
from webapp.deployments.board import trails
from webapp.deployments.board.reading import board
from webapp.deployments.board.trails import HEIGHT, LEAST, trails_of
from webapp.deployments.models import Deployment
from webapp.jobs.models import Job

pytestmark = pytest.mark.thorough


def lasting(harbour: Harbour, *seconds: float) -> list[Deployment]:
    """Deployments to dev that took so long, oldest first."""
    rows = []
    for length in seconds:
        row, begun = harbour.deployed(), now()
        Deployment.objects.filter(id=row.id).update(started_at=begun, finished_at=begun + timedelta(seconds=length))
        rows.append(row)
    return rows


def test_one_deployment_is_no_trail(harbour: Harbour) -> None:
    lasting(harbour, 3)
    assert trails_of(harbour.cast.project) == {}


def test_a_bar_is_as_high_as_it_took_long_and_never_nothing(harbour: Harbour) -> None:
    lasting(harbour, 8, 4, 0)
    found = trails_of(harbour.cast.project)[(harbour.service.id, harbour.cast.dev.id)]
    assert [bar.height for bar in found.bars] == [HEIGHT, HEIGHT // 2, LEAST]
    assert all(bar.y + bar.height == HEIGHT for bar in found.bars)
    assert [bar.x for bar in found.bars] == sorted({bar.x for bar in found.bars}) and found.bars[-1].x < found.width
    assert found.sentence.endswith("oldest first: succeeded, succeeded, succeeded")


def test_what_failed_is_the_last_bar_and_what_goes_on_has_no_length(harbour: Harbour) -> None:
    lasting(harbour, 2, 2)
    broken = services.deploy(
        actor=harbour.cast.actor("owner"), service=harbour.service, environment=harbour.cast.dev, build=harbour.built()
    )
    cell = board(project=harbour.cast.project, actor=harbour.cast.actor("viewer")).rows[0].cells[0]
    assert cell.trail is not None and cell.trail.bars[-1].seconds is None
    harbour.fail(Job.objects.get(deployment_job__deployment=broken))
    found = trails_of(harbour.cast.project)[(harbour.service.id, harbour.cast.dev.id)]
    assert found.bars[-1].state == Deployment.objects.get(id=broken.id).state != "succeeded"


def test_only_the_last_are_told(harbour: Harbour, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trails, "LAST", 2)
    rows = lasting(harbour, 1, 1, 1)
    found = trails_of(harbour.cast.project)[(harbour.service.id, harbour.cast.dev.id)]
    assert [bar.at for bar in found.bars] == [row.created_at for row in rows[-2:]]


def test_what_only_waits_for_approval_is_no_bar(harbour: Harbour) -> None:
    rows = lasting(harbour, 1, 1)
    Deployment.objects.filter(id=rows[-1].id).update(state="awaiting_approval", started_at=None, finished_at=None)
    assert trails_of(harbour.cast.project) == {}
