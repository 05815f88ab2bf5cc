"""The story that a deployment's page and the API tell: host by host, replica by replica, with its turning point."""

import pytest
from django.utils.timezone import now

from runtime.contract.reports import Finish, Problem, Progress, ServiceResult, Step
from tests.deployments.rig import Harbour
from webapp.deployments import services
from webapp.deployments.board.story import story, turning_point
from webapp.deployments.models import Deployment
from webapp.jobs import services as jobs
from webapp.jobs.models import Job

pytestmark = pytest.mark.thorough
SECOND = 10**9


def steps(failed: bool) -> list[Step]:
    began = int(now().timestamp()) * SECOND
    return [
        Step(number=1, name="Look at what runs", state="succeeded", started_ns=began, finished_ns=began + SECOND),
        Step(number=2, name="Start replica 2", state="succeeded", started_ns=began, finished_ns=began + SECOND),
        Step(
            number=3,
            name="Wait until replica 2 is healthy",
            state="failed" if failed else "succeeded",
            started_ns=began + SECOND,
            finished_ns=began + 3 * SECOND,
        ),
    ]


def play(harbour: Harbour, job: Job, *, failed: bool = False) -> None:
    claimed = harbour.claim(job)
    jobs.progress(job=claimed, progress=Progress(state="running", steps=steps(failed)), now=now())
    if not failed:
        result = ServiceResult(replicas=harbour.results(job))
        return harbour.finish(claimed, Finish(state="succeeded", last_line=0, result=result))
    problem = Problem(
        code="unhealthy", whose="user", message="web-2 did not become healthy", evidence=["cannot find the database"]
    )
    reverted = ServiceResult(replicas=[], reverted=True)
    return harbour.finish(claimed, Finish(state="failed", last_line=0, result=reverted, problem=problem))


@pytest.fixture
def told(harbour: Harbour) -> Deployment:
    """Of two hosts the second failed, and the first was brought back."""
    other = harbour.host("other", harbour.cast.dev)
    builds = []
    for _ in range(2):
        builds.append(harbour.built())
        harbour.built(host=other, same_as=builds[-1])
    harbour.deployed(build=builds[0])
    wish = services.deploy(
        actor=harbour.cast.actor("owner"), service=harbour.service, environment=harbour.cast.dev, build=builds[1]
    )
    for failed in (False, True, False):
        job = harbour.next_job(wish)
        assert job is not None
        play(harbour, job, failed=failed)
    return Deployment.objects.get(id=wish.id)


def test_every_host_has_its_chapter_in_order_and_one_is_the_turning_point(told: Deployment) -> None:
    chapters = story(told)
    assert [(chapter.name, chapter.phase, chapter.turned) for chapter in chapters] == [
        ("local", "done", False),
        ("other", "done", True),
        ("local", "back", False),
    ]
    turning = turning_point(chapters)
    assert turning is not None and "release 1" in chapters[2].words
    (part,) = turning.replicas()
    assert (part.index, part.state) == (2, "failed") and part.finished_at is not None
    assert (part.finished_at - part.started_at).total_seconds() == 3.0


def test_the_page_begins_with_what_broke_and_says_what_runs_now(harbour: Harbour, told: Deployment) -> None:
    page = harbour.cast.client("viewer").get(f"/deployments/{told.id}/").content.decode()
    first, turned, back = page.index("On other: web-2"), page.index("Here it turned"), page.index("back to what ran")
    assert first < page.index("cannot find the database") < turned < back
    assert "runs in dev now" in page


def test_a_program_reads_the_same(harbour: Harbour, told: Deployment) -> None:
    shown = harbour.cast.bearer("viewer").get(f"/api/v1/deployments/{told.id}/").json()["steps"]
    assert [(step["host"], step["phase"], step["replica"]) for step in shown][3:6] == [
        ("other", "done", None),
        ("other", "done", 2),
        ("other", "done", 2),
    ]
    assert [step["phase"] for step in shown][6:] == ["back"] * 3


def test_a_host_that_was_not_reached_says_so(harbour: Harbour) -> None:
    other = harbour.host("other", harbour.cast.dev)
    build = harbour.built()
    harbour.built(host=other, same_as=build)
    wish = services.deploy(
        actor=harbour.cast.actor("owner"), service=harbour.service, environment=harbour.cast.dev, build=build
    )
    services.cancel(actor=harbour.cast.actor("owner"), deployment=wish)
    page = harbour.cast.client("viewer").get(f"/deployments/{wish.id}/").content.decode()
    assert "not reached" in page and "Here it turned" in page
