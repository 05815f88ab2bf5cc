"""Telling hosts to let go of images, and what is believed of their answer."""

from datetime import timedelta

import pytest
from django.utils.timezone import now

from runtime.contract.reports import Finish, Forgotten, Skipped
from tests.deployments.rig import UNHEALTHY, Harbour, digest
from webapp.deployments import using
from webapp.holdings.follow import job_changed
from webapp.holdings.forgetting import ASK_AGAIN, IMAGES_AN_ORDER, forget
from webapp.holdings.models import Forgetting, Holding
from webapp.holdings.services import noted
from webapp.hosts.services import revoke, set_drained
from webapp.images.models import Build
from webapp.images.services import delete_image, request_build
from webapp.jobs.models import Job
from webapp.logs.models import Log
from webapp.teams.policy import SYSTEM
from webapp.teams.services import delete_project

pytestmark = pytest.mark.thorough


def let_go(harbour: Harbour, *numbers: int, hours: int = 0) -> list[Forgetting]:
    images = {digest(number): {f"slipway/web/front:{number}-x"} for number in numbers}
    return forget(project=harbour.cast.project, images=images, now=now() + timedelta(hours=hours))


def hold(harbour: Harbour, *numbers: int) -> None:
    for number in numbers:
        noted(host_id=harbour.cast.host.id, image_id=digest(number), size=5, now=now())


def answer(harbour: Harbour, row: Forgetting, result: Forgotten | None) -> Forgetting:
    state, problem = ("succeeded", None) if result is not None else ("failed", UNHEALTHY)
    harbour.play(row.job, Finish(state=state, last_line=0, result=result, problem=problem))  # type: ignore[arg-type]
    return Forgetting.objects.get(id=row.id)


def test_only_who_holds_an_image_is_told_and_by_exact_id_and_names(harbour: Harbour) -> None:
    harbour.host("empty")
    hold(harbour, 1, 2)
    (row,) = let_go(harbour, 1, 3)
    assert row.host == harbour.cast.host and Job.objects.get(id=row.job_id).order == {
        "kind": "forget_images",
        "images": [{"image_id": digest(1), "tags": ["slipway/web/front:1-x"]}],
    }
    assert not row.job.uses_build_slot


def test_what_the_host_says_is_gone_is_gone_and_what_stays_has_its_reason(harbour: Harbour) -> None:
    hold(harbour, 1, 2, 9)
    (row,) = let_go(harbour, 1, 2)
    skipped = Skipped(image_id=digest(2), reason="a container uses it")
    row = answer(harbour, row, Forgotten(removed=[digest(1), digest(9)], skipped=[skipped], freed=7))
    assert (row.state, row.asked, row.removed, row.freed) == ("succeeded", 2, 1, 7)
    assert row.skipped == [{"image_id": digest(2), "reason": "a container uses it"}]
    # It was not asked about the ninth, so its word on that counts for nothing.
    assert set(Holding.objects.values_list("image_id", flat=True)) == {digest(2), digest(9)}
    assert Log.objects.get(id=row.log_id).end_state == "succeeded"


def test_one_order_at_a_time_and_what_stayed_is_asked_for_hours_later(harbour: Harbour) -> None:
    hold(harbour, 1)
    (row,) = let_go(harbour, 1)
    hours = ASK_AGAIN // timedelta(hours=1) + 1
    assert let_go(harbour, 1) == [] and let_go(harbour, 1, hours=hours) == []
    answer(harbour, row, Forgotten(removed=[], skipped=[Skipped(image_id=digest(1), reason="used")]))
    assert let_go(harbour, 1) == []
    assert len(let_go(harbour, 1, hours=hours)) == 1


def test_a_failed_order_takes_nothing_away(harbour: Harbour) -> None:
    hold(harbour, 1)
    row = answer(harbour, let_go(harbour, 1)[0], None)
    assert (row.state, row.removed, Holding.objects.count()) == ("failed", 0, 1)
    job_changed(Job.objects.get(id=row.job_id))
    assert Forgetting.objects.get().state == "failed"


def test_an_order_is_bounded_and_the_rest_comes_with_the_next(harbour: Harbour) -> None:
    numbers = range(1, IMAGES_AN_ORDER + 3)
    hold(harbour, *numbers)
    (row,) = let_go(harbour, *numbers)
    answer(harbour, row, Forgotten(removed=[image["image_id"] for image in row.job.order["images"]]))
    (rest,) = let_go(harbour, *numbers)
    assert (row.asked, rest.asked) == (IMAGES_AN_ORDER, 2)


def test_a_drained_host_lets_go_and_a_revoked_one_is_not_asked(harbour: Harbour) -> None:
    hold(harbour, 1)
    set_drained(actor=SYSTEM, host=harbour.cast.host, drained=True)
    (row,) = let_go(harbour, 1)
    assert answer(harbour, row, Forgotten(removed=[digest(1)])).state == "succeeded"
    hold(harbour, 2)
    revoke(actor=harbour.cast.actor("admin"), host=harbour.cast.host)
    assert let_go(harbour, 2) == []


def test_a_deleted_images_bytes_go_and_the_project_can_go_too(harbour: Harbour) -> None:
    cast = harbour.cast
    build = harbour.built()
    tag = build.job.order["tag"]
    harbour.service.delete()
    delete_image(actor=cast.actor("developer"), image=harbour.image, users=using.users)
    (row,) = Forgetting.objects.all()
    assert Job.objects.get(id=row.job_id).order["images"] == [{"image_id": build.config_digest, "tags": [tag]}]
    answer(harbour, row, Forgotten(removed=[build.config_digest]))
    assert not Holding.objects.exists()
    for environment in (cast.dev, cast.staging, cast.production):
        environment.delete()
    delete_project(actor=cast.actor("owner"), project=cast.project)
    assert not Forgetting.objects.exists() and not Job.objects.exists()


@pytest.mark.parametrize("wanted", [True, False])
def test_bytes_that_another_images_build_would_run_stay(harbour: Harbour, wanted: bool) -> None:
    cast = harbour.cast
    first = harbour.built()
    other = cast.project.images.create(slug="other", source=harbour.image.source, build=harbour.image.build)
    second = harbour.built(other, same_as=first)
    if not wanted:
        Build.objects.filter(id=second.id).update(expired_at=now())
    harbour.service.delete()
    delete_image(actor=cast.actor("developer"), image=harbour.image, users=using.users)
    assert Forgetting.objects.exists() is not wanted
    assert request_build(actor=cast.actor("developer"), image=other).number == 2
