"""The demo: made once, from the examples as they lie in the tree."""

import pytest
from django.core.management import CommandError, call_command

from runtime.contract.names import BASE_IMAGE
from tests.cast import Cast
from webapp.demo.services import EXAMPLES, make_demo, source_of
from webapp.deployments.models import Service
from webapp.environments.models import Environment
from webapp.images.models import Build, Image
from webapp.jobs import dispatch
from webapp.problems import Conflicting, Forbidden
from webapp.teams.models import Project
from webapp.teams.policy import actor_for_token

pytestmark = pytest.mark.usefixtures("redis_url")


@pytest.fixture(autouse=True)
def _silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "_send", lambda *, job_id, queue_name: None)


def test_it_has_two_services_three_environments_and_their_first_builds(cast: Cast) -> None:
    project = make_demo(actor=cast.actor("developer"))
    places = Environment.objects.filter(project=project).order_by("rank")
    assert [(place.slug, place.protected, place.required_approvals) for place in places] == [
        ("dev", False, 0),
        ("staging", False, 0),
        ("production", True, 1),
    ]
    assert all(list(place.hosts.all()) == [cast.host] for place in places)
    assert set(Service.objects.filter(project=project).values_list("slug", flat=True)) == {"front", "ticker"}
    assert {build.image.slug for build in Build.objects.filter(image__project=project)} == {"front", "ticker"}


def test_asking_again_changes_nothing(cast: Cast) -> None:
    first = make_demo(actor=cast.actor("admin"))
    second = make_demo(actor=cast.actor("admin"))
    assert first.id == second.id and Build.objects.filter(image__project=first).count() == 2
    assert Image.objects.filter(project=first).count() == 2


def test_without_a_ready_host_there_is_everything_but_builds(cast: Cast) -> None:
    cast.host.engine_answers = False
    cast.host.save()
    project = make_demo(actor=cast.actor("developer"))
    assert Service.objects.filter(project=project).count() == 2 and not Build.objects.exists()
    cast.host.engine_answers = True
    cast.host.save()
    make_demo(actor=cast.actor("developer"))
    assert Build.objects.count() == 2


def test_another_person_is_told_whose_it_is(cast: Cast) -> None:
    make_demo(actor=cast.actor("owner"))
    with pytest.raises(Conflicting):
        make_demo(actor=cast.actor("stranger"))


def test_a_token_is_no_person(cast: Cast) -> None:
    token, _ = cast.token("developer")
    with pytest.raises(Forbidden):
        make_demo(actor=actor_for_token(token))


@pytest.mark.parametrize("slug", ["front", "ticker"])
def test_the_examples_build_upon_the_base_image_that_hosts_make_themselves(slug: str) -> None:
    source = source_of(EXAMPLES / slug)
    assert source["dockerfile"].splitlines()[0] == f"FROM {BASE_IMAGE}"
    for line in source["dockerfile"].splitlines():
        if line.startswith("COPY"):
            copied = line.split()[1]
            assert any(path == copied or path.startswith(f"{copied}/") for path in source["files"])


def test_the_command_takes_the_first_administrator_or_who_is_named(cast: Cast) -> None:
    call_command("demo")
    project = Project.objects.get(slug="harbour")
    assert project.team.memberships.get().user == cast.users["admin"]
    with pytest.raises(CommandError):
        call_command("demo", "--user", "nobody")
    with pytest.raises(CommandError):
        call_command("demo", "--user", "owner")
