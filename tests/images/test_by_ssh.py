"""A Git source by SSH: its address in one form, the deploy key it signs in with, and what a host is told of both."""

from typing import Any

import pytest
from django.urls import reverse

from tests.cast import Cast
from tests.deploykeys.given import a_key, blob
from tests.images.given import GIT, an_image
from webapp.deploykeys.models import DeployKey
from webapp.deploykeys.services import change_known_hosts
from webapp.environments import vault
from webapp.images.models import Image
from webapp.images.services import request_build, retry_build
from webapp.images.validation import clean_definition
from webapp.jobs.models import Job
from webapp.jobs.services import request_cancel
from webapp.problems import Conflicting, Invalid

ADDRESS = "git@git.example.org:team/shop.git"
SSH: dict[str, Any] = {"kind": "git", "url": ADDRESS, "deploy_key": "shop"}
KNOWN = f"git.example.org ssh-ed25519 {blob('ssh-ed25519')}\n"


def built(cast: Cast, image: Image) -> Job:
    return request_build(actor=cast.actor("developer"), image=image).job


def test_an_address_as_scp_writes_it_is_kept_as_ssh(cast: Cast) -> None:
    a_key(cast)
    image = an_image(cast, source=SSH | {"submodules": True})
    assert image.source["url"] == "ssh://git@git.example.org/team/shop.git"
    assert (image.source["deploy_key"], image.source["submodules"]) == ("shop", True)


@pytest.mark.parametrize(
    ("source", "field"),
    [
        ({"kind": "git", "url": ADDRESS}, "source.deploy_key"),
        (GIT | {"deploy_key": "shop"}, "source.deploy_key"),
        (SSH | {"credential": "LOGIN"}, "source.credential"),
        (SSH | {"deploy_key": "../shop"}, "source.deploy_key"),
        (SSH | {"deploy_key": 7}, "source.deploy_key"),
        (SSH | {"submodules": "yes"}, "source.submodules"),
        (SSH | {"known_hosts": KNOWN}, "source.known_hosts"),
        (SSH | {"url": "git@localhost:x"}, "source.url"),
        (SSH | {"url": "git@10.0.0.5:x"}, "source.url"),
        (SSH | {"url": "ssh://git@169.254.169.254/x"}, "source.url"),
        (SSH | {"url": "ssh://git.example.org/x"}, "source.url"),
        (SSH | {"url": "ssh://git:pw@git.example.org/x"}, "source.url"),
        (SSH | {"url": "ssh://-oProxyCommand=id@git.example.org/x"}, "source.url"),
        (SSH | {"url": "git@-oProxyCommand=id:x"}, "source.url"),
        (SSH | {"url": "git@git.example.org:a'b"}, "source.url"),
    ],
    ids=range(15),
)
def test_what_does_not_fit_is_refused_at_its_field(source: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        clean_definition(source=source, build={})
    assert field in refused.value.errors


def test_with_submodules_both_ways_to_sign_in_may_be_named() -> None:
    clean = clean_definition(source=GIT | {"deploy_key": "shop", "credential": "LOGIN", "submodules": True}, build={})
    assert (clean.source["deploy_key"], clean.source["credential"]) == ("shop", "LOGIN")


def test_a_key_that_the_project_lacks_is_refused(cast: Cast) -> None:
    with pytest.raises(Invalid) as refused:
        an_image(cast, source=SSH)
    assert "Make it first" in refused.value.errors["source.deploy_key"][0] and not Image.objects.exists()


def test_the_claim_reveals_the_key_and_the_order_says_which_servers_are_trusted(cast: Cast, redis_url: str) -> None:
    key = a_key(cast, known_hosts=KNOWN)
    job = built(cast, an_image(cast, source=SSH))
    assert job.order["source"]["known_hosts"] == KNOWN
    named = job.order["source"]["deploy_key"]
    assert job.secrets == {named: key.id} and named != "shop"
    assert vault.reveal(job.secrets)[named].startswith("-----BEGIN OPENSSH PRIVATE KEY-----")
    assert "PRIVATE KEY" not in str(job.order)


def test_a_secret_of_the_same_name_does_not_get_in_its_way(cast: Cast, redis_url: str) -> None:
    from_secret = {"name": "shop", "value": "robot:pw-pw-pw", "use": "credential"}
    page = reverse("secrets", args=[cast.project.id])
    assert cast.client("owner").post(page, from_secret).status_code == 302
    a_key(cast)
    job = built(cast, an_image(cast, source=SSH | {"credential": "shop", "submodules": True}))
    assert len(set(vault.reveal(job.secrets).values())) == 2


def test_a_build_that_is_asked_for_again_trusts_what_is_trusted_now(cast: Cast, redis_url: str) -> None:
    key = a_key(cast)
    build = request_build(actor=cast.actor("developer"), image=an_image(cast, source=SSH))
    request_cancel(job=build.job, now=build.created_at)
    build.state = "cancelled"
    build.save()
    change_known_hosts(actor=cast.actor("developer"), key=key, known_hosts=KNOWN)
    again = retry_build(actor=cast.actor("developer"), build=build)
    assert again.job.order["source"]["known_hosts"] == KNOWN


def test_a_key_that_is_gone_says_so_before_a_build_is_queued(cast: Cast, redis_url: str) -> None:
    a_key(cast)
    image = an_image(cast, source=SSH)
    DeployKey.objects.all().delete()
    with pytest.raises(Conflicting, match="deploy key shop"):
        built(cast, image)
    assert not Job.objects.exists()


@pytest.mark.thorough
def test_the_page_takes_it_and_says_what_is_wrong_at_its_box(cast: Cast) -> None:
    new, client = reverse("image_new", args=[cast.project.id]), cast.client("developer")
    sent = {"slug": "shop", "kind": "git", "url": ADDRESS, "deploy_key": "shop", "submodules": "on"}
    refused = client.post(new, sent)
    assert refused.status_code == 400 and "Make it first" in refused.content.decode()
    a_key(cast)
    assert client.post(new, sent).status_code == 302
    image = Image.objects.get()
    assert image.source["submodules"] is True
    shown = client.get(reverse("image", args=[image.id])).content.decode()
    assert "Signs in with deploy key" in shown and "fetched too" in shown
    form = client.get(reverse("image_edit", args=[image.id])).content.decode()
    assert 'value="ssh://git@git.example.org/team/shop.git"' in form
