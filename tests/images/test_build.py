"""Asking for builds, asking again, taking the wish back."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils.timezone import now

from runtime.contract.reports import Finish, Progress
from tests.deployments.rig import SOURCE, UNHEALTHY, Harbour
from tests.images.given import GIT, an_image
from webapp.audit.models import Entry
from webapp.environments.services import retire_secret, set_secret
from webapp.hosts.models import Host
from webapp.images.models import Build
from webapp.images.services import cancel_build, change_image, request_build, retry_build
from webapp.ingest import owners
from webapp.jobs import services as jobs
from webapp.jobs.models import Job
from webapp.problems import Conflicting, Forbidden, Invalid, Unplannable

pytestmark = pytest.mark.thorough


def told(action: str) -> int:
    return Entry.objects.filter(action=action).count()


def requested(harbour: Harbour, **more: Any) -> Build:
    return request_build(actor=harbour.cast.actor("developer"), **{"image": harbour.image, **more})


def failed(harbour: Harbour) -> Build:
    build = requested(harbour)
    harbour.play(build.job, Finish(state="failed", last_line=0, problem=UNHEALTHY))
    return Build.objects.get(id=build.id)


def test_a_build_freezes_the_definition_and_gives_a_host_its_order(harbour: Harbour) -> None:
    build = requested(harbour, args={"VERSION": "2"}, no_cache=True)
    change_image(actor=harbour.cast.actor("developer"), image=harbour.image, source=GIT)
    build.refresh_from_db()
    assert (build.number, build.state, build.revision, build.host) == (1, "queued", 1, harbour.cast.host)
    assert build.definition["source"] == SOURCE and build.definition["build"]["no_cache"] is True
    order = build.job.order
    assert order["source"]["dockerfile"] == SOURCE["dockerfile"] and order["args"] == {"VERSION": "2"}
    assert order["tag"].startswith("slipway/web/front:1-") and told("build.request") == 1
    assert requested(harbour, image=harbour.image).number == 2


def test_a_branch_for_one_build_is_for_git_alone(harbour: Harbour) -> None:
    git = an_image(harbour.cast, source=GIT)
    assert requested(harbour, image=git, ref="feature/x").job.order["source"]["ref"] == "feature/x"
    git.refresh_from_db()
    assert git.source["ref"] is None
    with pytest.raises(Invalid, match="not right") as refused:
        requested(harbour, ref="main")
    assert list(refused.value.errors) == ["ref"]


def test_a_source_signs_in_with_the_projects_newest_secret(harbour: Harbour) -> None:
    cast, owner = harbour.cast, harbour.cast.actor("owner")
    git = an_image(cast, source={**GIT, "credential": "LOGIN"})
    with pytest.raises(Conflicting) as refused:
        requested(harbour, image=git)
    assert refused.value.code == "build.no_credential"
    for value in ("bot:one-one", "bot:two-two"):
        newest = set_secret(
            actor=owner, project=cast.project, environment=None, name="LOGIN", value=value, use="credential"
        )
    job = requested(harbour, image=git).job
    assert job.secrets == {"LOGIN": newest.id} and "two-two" not in str(job.order)
    retire_secret(actor=owner, secret=newest)
    with pytest.raises(Conflicting):
        requested(harbour, image=git)
    assert Build.objects.count() == 1


@pytest.mark.parametrize("name", ["viewer", "stranger", "admin"])
def test_who_may_not_build_changes_nothing(harbour: Harbour, name: str) -> None:
    actor, build = harbour.cast.actor(name), requested(harbour)
    acts: list[Callable[[], object]] = [
        lambda: request_build(actor=actor, image=harbour.image),
        lambda: retry_build(actor=actor, build=build),
        lambda: cancel_build(actor=actor, build=build),
    ]
    for act in acts:
        with pytest.raises(Forbidden):
            act()
    assert Build.objects.get().state == "queued" and Job.objects.get().cancel_requested_at is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"drained": True}, "undrain it"),
        ({"engine_answers": False}, "start the engine"),
        ({"last_heard_at": None}, "start its worker"),
        ({"last_heard_at": now() - timedelta(hours=1)}, "not been heard"),
        ({"facts": {"builder": "none"}}, "no image builder"),
        ({"every_team": False}, "enrolls hosts"),
        ({"credential_digest": ""}, "enroll it again"),
    ],
)
def test_without_a_host_that_can_there_is_a_reason_and_no_build(
    harbour: Harbour, change: dict[str, Any], said: str
) -> None:
    Host.objects.filter(id=harbour.cast.host.id).update(**change)
    with pytest.raises(Unplannable) as refused:
        requested(harbour)
    assert len(refused.value.reasons) == 1 and said in refused.value.reasons[0]
    assert not Build.objects.exists() and not Job.objects.exists()


def test_the_least_busy_host_of_the_projects_environments_builds(harbour: Harbour) -> None:
    near = harbour.host("near", harbour.cast.dev)
    harbour.host("aside")
    assert [requested(harbour).host.name for _ in range(4)] == ["local", "near", "local", "near"]
    Host.objects.filter(id=near.id).update(drained=True)
    assert requested(harbour).host.name == "local"


def test_the_very_same_is_built_again_after_it_ended(harbour: Harbour) -> None:
    developer, first = harbour.cast.actor("developer"), failed(harbour)
    change_image(actor=developer, image=harbour.image, source=GIT)
    again = retry_build(actor=developer, build=first)
    assert again.number == 2 and again.definition == first.definition and again.revision == first.revision
    assert again.job.order["source"] == first.job.order["source"] and told("build.retry") == 1
    with pytest.raises(Conflicting) as refused:
        retry_build(actor=developer, build=again)
    assert refused.value.code == "build.under_way" and Build.objects.count() == 2


def test_a_waiting_build_is_cancelled_at_once_and_twice_is_once(harbour: Harbour) -> None:
    build, developer = requested(harbour), harbour.cast.actor("developer")
    for _ in range(2):
        assert cancel_build(actor=developer, build=Build.objects.get(id=build.id)).state == "cancelled"
    build.log.refresh_from_db()
    assert build.log.end_state == "cancelled" and told("build.cancel") == 1


def test_a_running_build_is_stopped_by_its_host(harbour: Harbour) -> None:
    build, developer = requested(harbour), harbour.cast.actor("developer")
    claimed = harbour.claim(build.job)
    jobs.progress(job=claimed, progress=Progress(state="running", phase="building"), now=now())
    owners.job_changed(claimed, progress=Progress(state="running", phase="building"))
    for _ in range(2):
        assert cancel_build(actor=developer, build=Build.objects.get(id=build.id)).state == "building"
    assert told("build.cancel") == 1
    harbour.finish(claimed, Finish(state="cancelled", last_line=0))
    build.refresh_from_db()
    assert build.state == "cancelled" and build.finished_at is not None


def test_what_has_ended_is_not_cancelled(harbour: Harbour) -> None:
    for build in (failed(harbour), harbour.built()):
        with pytest.raises(Conflicting) as refused:
            cancel_build(actor=harbour.cast.actor("developer"), build=build)
        assert refused.value.code == "build.ended"
    assert told("build.cancel") == 0
