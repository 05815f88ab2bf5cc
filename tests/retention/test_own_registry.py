"""What retention lets go of leaves Slipway's own registry too: by exact digest, and never what anything counts on."""

import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils.timezone import now
from pytest_django.fixtures import Settings

from tests.deployments.rig import Harbour, digest
from tests.registries.far import Far, serving
from tests.retention.given import applied, left, old_builds, ruled
from webapp.audit.models import Entry
from webapp.deployments.services import deploy, roll_back
from webapp.images.leaving import leaving
from webapp.images.models import Build, Image, Push
from webapp.images.services import delete_image
from webapp.images.supply import is_pulled
from webapp.jobs.models import Job
from webapp.problems import Conflicting
from webapp.registries.models import Erasure, Registry
from webapp.registries.own import place, setup
from webapp.registries.services import add_registry
from webapp.retention import rounds
from webapp.retention.services import dry_run

pytestmark = pytest.mark.thorough

NAME = "front"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key takes its time, and is made once."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def far(harbour: Harbour, settings: Settings, home: Path) -> Iterator[Far]:
    """Slipway's own registry, played."""
    with serving(Far()) as made:
        settings.OWN_REGISTRY, settings.SLIPWAY_HOME = f"127.0.0.1:{made.port}", home
        if not (home / "registry").exists():
            setup.write_all()
        yield made


def manifest(build: Build) -> str:
    return digest(70_000 + build.number)


def pushed(harbour: Harbour, far: Far, count: int) -> list[Build]:
    """Builds of long ago that the own registry holds."""
    builds = old_builds(harbour, count)
    for build in builds:
        arrives(far, build, manifest(build))
    return builds


def arrives(far: Far, build: Build, named: str) -> None:
    (push,) = build.pushes.filter(registry__own=True)
    Push.objects.filter(id=push.id).update(state="succeeded", digest=named, tags=[str(build.number)])
    repository = push.repository.partition("/")[2]
    held = far.manifests.setdefault(repository, [])
    if named not in held:
        held.append(named)


def held(far: Far) -> list[str]:
    return [one for manifests in far.manifests.values() for one in manifests]


def elsewhere(harbour: Harbour, build: Build) -> Push:
    """The build is in somebody else's registry too."""
    registry = Registry.objects.filter(address="registry.example.org").first() or add_registry(
        actor=harbour.cast.actor("owner"), team=harbour.cast.team, url="registry.example.org"
    )
    return Push.objects.create(
        build=build,
        registry=registry,
        repository="registry.example.org/team/front",
        templates=["{number}"],
        state="succeeded",
        digest=manifest(build),
    )


def later(minutes: int = 0) -> Any:
    return now() + timedelta(minutes=minutes)


def test_what_goes_is_shown_first_and_goes_by_its_digest(harbour: Harbour, far: Far) -> None:
    first, second, third = pushed(harbour, far, 3)
    ruled(harbour, keep=1)
    (shown,) = dry_run(project=harbour.cast.project, now=now())
    assert [(push.build_id, push.digest) for push in shown.leaves] == [
        (build.id, manifest(build)) for build in (first, second)
    ]
    assert shown.leaves_frees == 2 * 7 and not Erasure.objects.exists() and len(held(far)) == 3
    assert applied(harbour) == [1, 2]
    assert rounds.erase(now=later()) == 2 and held(far) == [manifest(third)]
    assert [one.state for one in Erasure.objects.all()] == ["erased"] * 2
    assert not is_pulled(first) and is_pulled(third)
    assert rounds.erase(now=later()) == 0 and applied(harbour) == []


def test_what_runs_and_what_can_be_gone_back_to_stays_there(harbour: Harbour, far: Far) -> None:
    builds = pushed(harbour, far, 5)
    for build in builds[:3]:
        harbour.deployed(build=build)
    ruled(harbour, keep=1, releases=2)
    assert applied(harbour) == [1, 4]
    rounds.erase(now=later())
    assert held(far) == [manifest(build) for build in (builds[1], builds[2], builds[4])]


def test_bytes_that_a_build_which_stays_has_too_stay_there(harbour: Harbour, far: Far) -> None:
    (first,) = pushed(harbour, far, 1)
    twin = harbour.built(same_as=first)
    ruled(harbour, keep=1)
    assert applied(harbour) == [1] and Erasure.objects.count() == 0
    Build.objects.filter(id=twin.id).update(expired_at=now())
    harbour.built()
    applied(harbour)
    assert rounds.erase(now=later()) == 1 and held(far) == []


def test_what_went_before_and_is_needed_again_by_a_wider_rule_stays(harbour: Harbour, far: Far) -> None:
    first, second, *_ = pushed(harbour, far, 4)
    for build in (first, second):
        harbour.deployed(build=build)
    Build.objects.filter(id=first.id).update(expired_at=now())  # as a narrower rule left it
    ruled(harbour, keep=1, releases=3)
    applied(harbour)
    assert not Push.objects.filter(build=first).exclude(let_go_at=None).exists()


def test_a_registry_that_is_away_is_asked_again(harbour: Harbour, far: Far) -> None:
    pushed(harbour, far, 3)
    ruled(harbour, keep=1)
    applied(harbour)
    far.broken = 503
    assert rounds.erase(now=later()) == 0
    waiting = Erasure.objects.exclude(problem="").get()
    assert (waiting.state, waiting.tries) == ("waiting", 1) and "503" in waiting.problem
    far.broken = 0
    assert rounds.erase(now=later()) == 1  # the one that was not tried yet
    assert rounds.erase(now=later(5)) == 1 and len(held(far)) == 1


def test_what_is_not_there_any_more_is_erased_too(harbour: Harbour, far: Far) -> None:
    pushed(harbour, far, 2)
    ruled(harbour, keep=1)
    applied(harbour)
    far.manifests.clear()
    assert rounds.erase(now=later()) == 1 and Erasure.objects.get().state == "erased"


def test_a_digest_that_came_again_meanwhile_stays(harbour: Harbour, far: Far) -> None:
    first, _ = pushed(harbour, far, 2)
    ruled(harbour, keep=1)
    applied(harbour)
    again = harbour.built()
    waiting = again.pushes.get()
    Push.objects.filter(id=waiting.id).update(state="queued")
    assert rounds.erase(now=later()) == 0 and "on its way" in Erasure.objects.get().problem
    arrives(far, again, manifest(first))
    assert rounds.erase(now=later(5)) == 0
    assert Erasure.objects.get().state == "kept" and manifest(first) in held(far)


def test_a_push_that_came_while_it_was_erased_is_known_to_be_lost(harbour: Harbour, far: Far) -> None:
    first, _ = pushed(harbour, far, 2)
    ruled(harbour, keep=1)
    applied(harbour)
    again = harbour.built()
    push = again.pushes.get()
    Push.objects.filter(id=push.id).update(state="failed")

    def come(repository: str, named: str) -> bool:
        Push.objects.filter(id=push.id).update(state="succeeded", digest=manifest(first))
        return False

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(rounds, "stands_on", come)
        assert rounds.erase(now=later()) == 1
    assert Push.objects.get(id=push.id).let_go_at is not None


def test_a_deleted_image_leaves_the_registry_with_its_builds(harbour: Harbour, far: Far) -> None:
    image = Image.objects.create(project=harbour.cast.project, slug="short", source=harbour.image.source, build={})
    image.build = harbour.image.build
    image.save()
    build = harbour.built(image)
    arrives(far, build, digest(90_000))
    delete_image(actor=harbour.cast.actor("developer"), image=image, users=lambda image: [])
    assert rounds.erase(now=later()) == 1 and digest(90_000) not in held(far)


def test_nothing_that_a_build_which_stays_has_ever_leaves(harbour: Harbour, far: Far) -> None:
    """Random histories: builds that share bytes, some gone; whatever leaves, no build that stays has its bytes."""
    builds = pushed(harbour, far, 8)
    chance = random.Random(7)
    for _ in range(30):
        for build in builds:
            gone = now() if chance.random() < 0.5 else None
            Build.objects.filter(id=build.id).update(config_digest=digest(chance.randrange(4)), expired_at=gone)
            Push.objects.filter(build=build).update(digest=digest(500 + chance.randrange(4)))
        gone_now = {build.id for build in builds if chance.random() < 0.3}
        staying = Build.objects.filter(expired_at=None).exclude(id__in=gone_now)
        kept = set(staying.values_list("config_digest", flat=True))
        for push in leaving(harbour.image, gone=gone_now):
            assert push.build.config_digest not in kept


def test_a_build_that_another_registry_has_runs_again(harbour: Harbour, far: Far) -> None:
    cast = harbour.cast
    first, *_ = pushed(harbour, far, 3)
    elsewhere(harbour, first)
    ruled(harbour, keep=1)
    assert applied(harbour) == [1, 2]
    rounds.erase(now=later())
    assert left(harbour) == [3]
    deployment = deploy(actor=cast.actor("owner"), service=harbour.service, environment=cast.dev, build=first)
    assert left(harbour) == [1, 3] and Entry.objects.filter(action="build.revive").count() == 1
    done = harbour.carry_out(deployment)
    (job,) = Job.objects.filter(kind="converge_service")
    assert done.state == "succeeded"
    assert [one["reference"] for one in job.order["pull"]] == [f"registry.example.org/team/front@{manifest(first)}"]
    assert applied(harbour) == []


def test_a_build_that_no_registry_has_is_gone_and_the_refusal_says_so(harbour: Harbour, far: Far) -> None:
    cast = harbour.cast
    first, second = pushed(harbour, far, 2)
    ruled(harbour, keep=1)
    applied(harbour)
    with pytest.raises(Conflicting) as refused:
        deploy(actor=cast.actor("owner"), service=harbour.service, environment=cast.dev, build=first)
    assert refused.value.code == "build.expired" and "build it again" in refused.value.detail
    first.refresh_from_db()
    assert first.expired_at is not None and second.expired_at is None


def test_the_page_and_the_api_show_what_leaves(harbour: Harbour, far: Far) -> None:
    cast = harbour.cast
    first, *_ = pushed(harbour, far, 2)
    ruled(harbour, keep=1)
    page = cast.client("viewer").get(f"/projects/{cast.project.id}/retention/").content.decode()
    assert "Slipway's own registry lets go of 1 digest" in page.replace("&#x27;", "'") and manifest(first) in page
    body = cast.bearer("operator").post(f"/api/v1/projects/{cast.project.id}/retention/runs/", {}, "application/json")
    (told,) = body.json()["images"]
    assert told["leaves"] == [
        {
            "build": first.id,
            "repository": f"{place.address()}/{place.repository_of(cast.project, NAME)}",
            "digest": manifest(first),
            "tags": ["1"],
        }
    ]
    (row,) = cast.bearer("viewer").get(f"/api/v1/projects/{cast.project.id}/erasures/").json()["results"]
    assert (row["digest"], row["state"], row["problem"]) == (manifest(first), "waiting", None)
    assert (
        "was told to let go of" in cast.client("viewer").get(f"/projects/{cast.project.id}/retention/").content.decode()
    )


def test_going_back_to_a_release_whose_image_only_a_registry_has(harbour: Harbour, far: Far) -> None:
    first, second = pushed(harbour, far, 2)
    harbour.deployed(build=first)
    newest = harbour.deployed(build=second)
    elsewhere(harbour, first)
    Build.objects.filter(id=first.id).update(expired_at=now())
    back = harbour.carry_out(roll_back(actor=harbour.cast.actor("owner"), deployment=newest))
    assert back.state == "succeeded" and Build.objects.get(id=first.id).expired_at is None
