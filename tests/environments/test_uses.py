"""What a secret is for: containers get variables, fetching a source gets credentials, and neither gets the other's."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.urls import reverse

from tests.cast import Cast
from tests.deployments.rig import SOURCE, Harbour
from tests.images.given import GIT, an_image
from webapp.environments.models import Environment, Secret
from webapp.environments.services import current_secrets, find_credential, retire_secret, set_secret
from webapp.images.models import Image
from webapp.images.services import change_image, request_build
from webapp.jobs.models import Job
from webapp.problems import Conflicting, Invalid

MIGRATION: Any = import_module("webapp.environments.migrations.0002_use_of_secrets")


def keep(cast: Cast, name: str = "LOGIN", use: str | None = None, place: Environment | None = None) -> Secret:
    return set_secret(
        actor=cast.actor("owner"), project=cast.project, environment=place, name=name, value="bot:sesame", use=use
    )


def test_no_container_gets_what_fetches_the_source(harbour: Harbour) -> None:
    login, key = keep(harbour.cast, use="credential"), keep(harbour.cast, "KEY")
    git = an_image(harbour.cast, source={**GIT, "credential": "LOGIN"})
    built = request_build(actor=harbour.cast.actor("developer"), image=git)
    assert built.job.secrets == {"LOGIN": login.id}
    release = harbour.deployed().release
    assert list(release.secrets) == ["KEY"]
    job = Job.objects.filter(kind="converge_service").latest("created_at")
    assert job.secrets == {"KEY": key.id} and job.order["spec"]["secrets"] == {"KEY": "KEY"}
    assert "LOGIN" not in str(job.order)


def test_without_a_word_it_is_a_variable_and_a_new_version_is_for_the_same(cast: Cast) -> None:
    assert keep(cast, "KEY").use == "variable" and keep(cast, "KEY").use == "variable"
    assert keep(cast, use="credential").use == "credential"
    assert keep(cast).use == "credential" and keep(cast, use="credential").version == 3
    assert list(current_secrets(cast.dev)) == ["KEY"]


def test_another_use_of_a_name_is_refused_until_it_is_retired(cast: Cast) -> None:
    first = keep(cast, use="credential")
    with pytest.raises(Conflicting, match="credential for fetching sources") as refused:
        keep(cast, use="variable")
    assert refused.value.code == "secret.other_use" and Secret.objects.count() == 1
    retire_secret(actor=cast.actor("owner"), secret=first)
    assert keep(cast, use="variable").version == 2
    assert list(current_secrets(cast.dev)) == ["LOGIN"]


def test_a_credential_is_for_the_whole_project_and_a_use_is_one_of_two(cast: Cast) -> None:
    with pytest.raises(Invalid) as refused:
        keep(cast, use="credential", place=cast.dev)
    assert list(refused.value.errors) == ["environment"]
    with pytest.raises(Invalid) as refused:
        keep(cast, use="ornament")
    assert list(refused.value.errors) == ["use"] and not Secret.objects.exists()


def test_a_place_may_have_a_variable_of_a_credentials_name(cast: Cast) -> None:
    credential, own = keep(cast, use="credential"), keep(cast, place=cast.dev)
    assert current_secrets(cast.dev) == {"LOGIN": own} and current_secrets(cast.staging) == {}
    assert find_credential(project=cast.project, name="LOGIN") == credential
    assert find_credential(project=cast.foreign_project, name="LOGIN") is None


def test_a_source_that_names_a_variable_is_refused_with_what_to_do(harbour: Harbour) -> None:
    cast = harbour.cast
    keep(cast, "KEY")
    source: dict[str, Any] = {**GIT, "credential": "KEY"}
    ways: list[Callable[[], object]] = [
        lambda: an_image(cast, source=source),
        lambda: change_image(actor=cast.actor("developer"), image=harbour.image, source=source),
    ]
    for define in ways:
        with pytest.raises(Conflicting, match="another name") as refused:
            define()
        assert refused.value.code == "secret.not_a_credential"
    assert list(Image.objects.values_list("source", flat=True)) == [SOURCE]


def test_a_name_that_became_a_variable_after_it_was_named_builds_nothing(harbour: Harbour) -> None:
    git = an_image(harbour.cast, source={**GIT, "credential": "LATER"})
    keep(harbour.cast, "LATER")
    with pytest.raises(Conflicting) as refused:
        request_build(actor=harbour.cast.actor("developer"), image=git)
    assert refused.value.code == "secret.not_a_credential" and not Job.objects.exists()


def test_the_api_says_what_it_is_for_and_narrows_by_it(cast: Cast) -> None:
    client = cast.bearer("owner")
    body = {"project": cast.project.id, "name": "LOGIN", "value": "bot:sesame", "use": "credential"}
    made = client.post("/api/v1/secrets/", body, "application/json")
    assert made.status_code == 201 and made.json()["use"] == "credential"
    other = client.post("/api/v1/secrets/", {**body, "use": "variable"}, "application/json")
    assert (other.status_code, other.json()["code"]) == (409, "secret.other_use")
    assert client.post("/api/v1/secrets/", {**body, "use": "x"}, "application/json").status_code == 400
    keep(cast, "KEY")
    for use, name in (("credential", "LOGIN"), ("variable", "KEY")):
        rows = client.get(f"/api/v1/secrets/?use={use}").json()["results"]
        assert [row["name"] for row in rows] == [name]


def test_the_page_asks_what_it_is_for_and_says_it(cast: Cast) -> None:
    page, owner = reverse("secrets", args=[cast.project.id]), cast.client("owner")
    sent = {"name": "LOGIN", "value": "bot:sesame", "use": "credential"}
    assert "What it is for" in owner.get(page).content.decode()
    answer = owner.post(page, sent, follow=True)
    assert "The next build gets it" in answer.content.decode() and "fetching sources</td>" in answer.content.decode()
    refused = owner.post(page, {**sent, "use": "variable"})
    assert refused.status_code == 409 and "Take another name" in refused.content.decode()
    assert owner.post(page, {**sent, "environment": cast.dev.id}).context["form"].errors.keys() == {"environment"}
    assert [secret.use for secret in Secret.objects.all()] == ["credential"]


def test_what_git_sources_named_became_credentials_and_all_else_stayed(cast: Cast) -> None:
    for name in ("LOGIN", "LOGIN", "KEY"):
        keep(cast, name)
    keep(cast, place=cast.dev)
    Image.objects.create(project=cast.project, slug="git", source={**GIT, "credential": "LOGIN"})
    Image.objects.create(project=cast.project, slug="open", source=GIT)
    Image.objects.create(project=cast.foreign_project, slug="theirs", source={**GIT, "credential": "KEY"})
    MIGRATION.name_credentials(apps, None)
    found = Secret.objects.filter(use="credential").values_list("name", "version", "environment")
    assert sorted(found) == [("LOGIN", 1, None), ("LOGIN", 2, None)]
