"""Secrets that steps of a build mount: named in the definition, given to the host with the claim, kept nowhere."""

from typing import Any

import pytest
from django.urls import reverse

from runtime.contract.names import OCI_REVISION, OCI_SOURCE, OCI_TITLE, OCI_VERSION
from tests.cast import Cast
from tests.deployments.rig import Harbour
from tests.images.given import GIT, an_image
from webapp.environments.models import Secret
from webapp.environments.services import current_secrets, retire_secret, set_secret
from webapp.images.models import Image
from webapp.images.services import change_image, request_build, retry_build
from webapp.images.validation import clean_definition
from webapp.problems import Conflicting, Invalid

MOUNTS = {"npm": "NPM_TOKEN"}


def keep(cast: Cast, value: str = "s3same-open", *, name: str = "NPM_TOKEN", use: str = "build") -> Secret:
    return set_secret(
        actor=cast.actor("owner"), project=cast.project, environment=None, name=name, value=value, use=use
    )


def test_the_host_gets_the_newest_value_with_the_claim_and_the_order_only_names_it(harbour: Harbour) -> None:
    cast = harbour.cast
    image = an_image(cast, secrets=MOUNTS)
    with pytest.raises(Conflicting) as refused:
        request_build(actor=cast.actor("developer"), image=image)
    assert refused.value.code == "build.no_secret" and "NPM_TOKEN" in refused.value.detail
    keep(cast)
    newest = keep(cast, "another-one")
    build = request_build(actor=cast.actor("developer"), image=image)
    assert build.job.secrets == {"NPM_TOKEN": newest.id}
    assert build.job.order["secrets"] == MOUNTS and "another-one" not in str(build.job.order)
    assert build.definition["build"]["secrets"] == MOUNTS


def test_the_same_again_gets_the_value_that_is_newest_then(harbour: Harbour) -> None:
    cast = harbour.cast
    keep(cast)
    build = harbour.built(an_image(cast, secrets=MOUNTS))
    newest = keep(cast, "another-one")
    assert retry_build(actor=cast.actor("developer"), build=build).job.secrets == {"NPM_TOKEN": newest.id}
    retire_secret(actor=cast.actor("owner"), secret=newest)
    with pytest.raises(Conflicting):
        retry_build(actor=cast.actor("developer"), build=build)


@pytest.mark.parametrize("use", ["variable", "credential"])
def test_only_what_was_set_for_builds_is_given_to_who_writes_a_dockerfile(harbour: Harbour, use: str) -> None:
    cast = harbour.cast
    image = an_image(cast, secrets=MOUNTS)
    keep(cast, "bot:sesame", use=use)
    acts: list[Any] = [
        lambda: an_image(cast, "other", secrets=MOUNTS),
        lambda: change_image(actor=cast.actor("developer"), image=image, build={"secrets": {"x": "NPM_TOKEN"}}),
        lambda: request_build(actor=cast.actor("developer"), image=image),
    ]
    for act in acts:
        with pytest.raises(Conflicting) as refused:
            act()
        assert refused.value.code == "secret.not_for_builds" and "for builds" in refused.value.detail
    assert Image.objects.filter(slug="other").count() == 0


def test_no_container_gets_it(cast: Cast) -> None:
    keep(cast)
    assert current_secrets(cast.dev) == {}
    with pytest.raises(Invalid) as refused:
        set_secret(
            actor=cast.actor("owner"), project=cast.project, environment=cast.dev, name="A", value="s3same", use="build"
        )
    assert list(refused.value.errors) == ["environment"]


@pytest.mark.parametrize("value", ["12345", "a\nb\nc", "  12345  "])
def test_what_no_log_could_mask_is_no_secret_of_builds(cast: Cast, value: str) -> None:
    with pytest.raises(Invalid) as refused:
        keep(cast, value)
    assert list(refused.value.errors) == ["value"]
    assert keep(cast, value, name="OTHER", use="variable").version == 1


@pytest.mark.parametrize(
    "secrets",
    [
        {"../x": "A"}, {"": "A"}, {"a,src=/etc/shadow": "A"}, {"a b": "A"}, {"a\n": "A"}, {"x" * 65: "A"}, {"a": "A B"},
        {"a": "PATH"}, {"a": 7}, {"a": None}, {7: "A"}, ["a"], "a=A", {f"a{at}": "A" for at in range(21)},
    ],
)  # fmt: skip
def test_a_mount_is_an_id_and_a_name(secrets: Any) -> None:
    source = {"kind": "dockerfile", "dockerfile": "FROM a", "files": {}}
    with pytest.raises(Invalid) as refused:
        clean_definition(source=source, build={"secrets": secrets})
    assert all(field.startswith("build.secrets") for field in refused.value.errors)


def test_a_definition_without_secrets_is_what_it_was_before_there_were_any(cast: Cast) -> None:
    image = an_image(cast)
    assert "secrets" not in image.build
    assert change_image(actor=cast.actor("owner"), image=image, build={"secrets": {}}).revision == 1


def test_a_secret_among_the_arguments_is_refused_with_what_to_do(cast: Cast) -> None:
    with pytest.raises(Invalid) as refused:
        an_image(cast, args={"NPM_TOKEN": "x"})
    assert "--mount=type=secret" in str(refused.value.errors)


@pytest.mark.thorough
def test_the_form_takes_and_shows_them(cast: Cast) -> None:
    client, new = cast.client("developer"), reverse("image_new", args=[cast.project.id])
    sent = {"slug": "shop", "kind": "dockerfile", "dockerfile": "FROM a\n", "secrets": "npm = NPM_TOKEN\npip=PIP"}
    refused = client.post(new, {**sent, "secrets": "a b=NPM_TOKEN"})
    assert list(refused.context["form"].errors) == ["secrets"]
    client.post(new, {**sent, "secrets": "npm=NPM_TOKEN\npip=PIP"})
    image = Image.objects.get()
    assert image.build["secrets"] == {"npm": "NPM_TOKEN", "pip": "PIP"}
    assert "npm=NPM_TOKEN\npip=PIP" in client.get(reverse("image_edit", args=[image.id])).content.decode()
    assert "npm: NPM_TOKEN" in client.get(reverse("image", args=[image.id])).content.decode()


def labels(harbour: Harbour, image: Image, **more: Any) -> dict[str, str]:
    build = request_build(actor=harbour.cast.actor("developer"), image=image, **more)
    told: dict[str, str] = build.job.order["labels"]
    return told


def test_an_image_is_told_where_it_comes_from(harbour: Harbour, settings: Any) -> None:
    git = an_image(harbour.cast, source=GIT)
    told = labels(harbour, git)
    assert (told[OCI_TITLE], told[OCI_VERSION], told[OCI_SOURCE]) == ("shop", "1", GIT["url"])
    assert OCI_REVISION not in told  # the host knows the commit
    tagged = labels(harbour, git, trigger={"kind": "hook", "tag": "v2.1.0"})
    assert tagged[OCI_VERSION] == "v2.1.0"
    settings.PUBLIC_URL = "http://127.0.0.1:8000"
    here = labels(harbour, harbour.image)
    assert OCI_SOURCE not in here and here[OCI_REVISION] == "1"
    settings.PUBLIC_URL = "https://slipway.example.org"
    page = reverse("image", args=[harbour.image.id])
    assert labels(harbour, harbour.image)[OCI_SOURCE] == f"https://slipway.example.org{page}"
