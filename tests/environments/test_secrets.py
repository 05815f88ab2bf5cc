"""Setting and retiring secrets, and who gets which."""

from collections.abc import Callable

import pytest

from tests.cast import Cast
from webapp.audit.models import Entry
from webapp.environments import vault
from webapp.environments.models import Environment, Secret
from webapp.environments.services import current_secrets, retire_secret, secrets, set_secret
from webapp.problems import Conflicting, Forbidden, Invalid


def keep(cast: Cast, name: str = "KEY", value: str = "sesame-open", place: Environment | None = None) -> Secret:
    return set_secret(actor=cast.actor("owner"), project=cast.project, environment=place, name=name, value=value)


def test_a_new_value_is_a_new_version_and_the_old_one_stays_readable_for_releases(cast: Cast) -> None:
    first, second = keep(cast), keep(cast, value="sesame-shut")
    assert (first.version, second.version) == (1, 2)
    assert vault.reveal({"OLD": first.id, "NEW": second.id}) == {"OLD": "sesame-open", "NEW": "sesame-shut"}
    assert b"sesame" not in bytes(Secret.objects.get(id=first.id).ciphertext)
    assert Entry.objects.filter(action="secret.set").count() == 2


def test_an_environments_own_goes_before_the_projects(cast: Cast) -> None:
    everywhere, other = keep(cast), keep(cast, "OTHER")
    own = keep(cast, place=cast.dev)
    assert current_secrets(cast.dev) == {"KEY": own, "OTHER": other}
    assert current_secrets(cast.staging) == {"KEY": everywhere, "OTHER": other}
    assert current_secrets(cast.foreign_environment) == {}


@pytest.mark.parametrize("name", ["", "PATH", "LD_PRELOAD", "DOCKER_HOST", "A=B", "A\n", "9A", "A B", "A" * 129, "Ä"])
def test_a_name_that_no_variable_may_have_is_refused(cast: Cast, name: str) -> None:
    with pytest.raises(Invalid) as refused:
        keep(cast, name)
    assert list(refused.value.errors) == ["name"] and not Secret.objects.exists()


@pytest.mark.parametrize("value", ["", "\x00", "a\ud800", "x" * 65_537])
def test_a_value_that_no_process_can_be_given_is_refused(cast: Cast, value: str) -> None:
    with pytest.raises(Invalid) as refused:
        keep(cast, value=value)
    assert list(refused.value.errors) == ["value"] and not Secret.objects.exists()


@pytest.mark.parametrize("value", ["x", "two\nlines\n", "  spaces  ", "émoji 🚢", "x" * 65_536])
def test_any_other_value_comes_out_as_it_went_in(cast: Cast, value: str) -> None:
    assert vault.reveal({"A": keep(cast, value=value).id}) == {"A": value}


def test_another_projects_environment_is_no_place_for_it(cast: Cast) -> None:
    with pytest.raises(Invalid):
        keep(cast, place=cast.foreign_environment)


def test_a_project_has_an_end_of_names_not_of_versions(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "MAX_NAMES", 1)
    keep(cast)
    with pytest.raises(Conflicting, match="at most 1"):
        keep(cast, "OTHER")
    assert keep(cast).version == 2


@pytest.mark.parametrize(
    ("name", "places"),
    [
        ("owner", ["dev", "production", "everywhere"]),
        ("operator", ["dev", "production", "everywhere"]),
        ("developer", ["dev"]),  # what is for the whole project reaches production too
        ("viewer", []),
        ("stranger", []),
        ("admin", []),
    ],
)
def test_who_sets_and_retires_them_is_a_question_of_the_place(cast: Cast, name: str, places: list[str]) -> None:
    actor = cast.actor(name)
    found: dict[str, Environment | None] = {"dev": cast.dev, "production": cast.production, "everywhere": None}
    for place, environment in found.items():
        kept = keep(cast, f"OF_{place.upper()}", place=environment)
        acts: list[Callable[[], object]] = [
            lambda at=environment: set_secret(  # type: ignore[misc]
                actor=actor, project=cast.project, environment=at, name="MINE", value="sesame"
            ),
            lambda which=kept: retire_secret(actor=actor, secret=which),  # type: ignore[misc]
        ]
        for act in acts:
            if place in places:
                act()
                continue
            with pytest.raises(Forbidden):
                act()
    assert Secret.objects.filter(name="MINE").count() == len(places)
    assert Secret.objects.exclude(retired_at=None).count() == len(places)


def test_retired_is_retired_in_every_version_once_and_a_release_keeps_it(cast: Cast) -> None:
    first, second = keep(cast), keep(cast, value="sesame-shut")
    for _ in range(2):
        retire_secret(actor=cast.actor("owner"), secret=second)
    assert current_secrets(cast.dev) == {}
    assert vault.reveal({"KEY": first.id}) == {"KEY": "sesame-open"}
    assert Entry.objects.filter(action="secret.retired").count() == 1
    assert keep(cast, value="again-anew").version == 3
    assert list(current_secrets(cast.dev)) == ["KEY"]
