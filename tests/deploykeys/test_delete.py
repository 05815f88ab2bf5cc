"""A key goes when no image is fetched with it."""

import pytest

from tests.cast import Cast
from tests.deploykeys.given import a_key
from webapp.audit.models import Entry
from webapp.deploykeys.models import DeployKey
from webapp.deploykeys.services import delete_deploy_key
from webapp.images import keyed
from webapp.images.models import Image
from webapp.problems import Conflicting, Forbidden

SOURCE = {"kind": "git", "url": "ssh://git@git.example.org/team/shop.git", "deploy_key": "shop"}


def test_a_key_is_forgotten_with_its_private_part_and_twice_is_once(cast: Cast) -> None:
    key = a_key(cast)
    for _ in range(2):
        delete_deploy_key(actor=cast.actor("developer"), key=key, users=keyed.users)
    assert not DeployKey.objects.exists()
    before = Entry.objects.get(action="deploy_key.deleted").before
    assert before is not None and before["name"] == "shop"


def test_a_key_by_which_an_image_is_fetched_stays_and_the_image_is_named(cast: Cast) -> None:
    key = a_key(cast)
    Image.objects.create(project=cast.project, slug="front", source=SOURCE)
    with pytest.raises(Conflicting, match="front"):
        delete_deploy_key(actor=cast.actor("developer"), key=key, users=keyed.users)
    assert DeployKey.objects.filter(id=key.id).exists()


def test_images_of_other_projects_and_with_other_keys_do_not_hold_it(cast: Cast) -> None:
    key = a_key(cast)
    Image.objects.create(project=cast.foreign_project, slug="front", source=SOURCE)
    Image.objects.create(project=cast.project, slug="back", source=SOURCE | {"deploy_key": "other"})
    Image.objects.create(project=cast.project, slug="plain", source={"kind": "dockerfile", "dockerfile": "FROM a"})
    delete_deploy_key(actor=cast.actor("developer"), key=key, users=keyed.users)
    assert not DeployKey.objects.exists()


def test_a_viewer_deletes_none(cast: Cast) -> None:
    key = a_key(cast)
    with pytest.raises(Forbidden):
        delete_deploy_key(actor=cast.actor("viewer"), key=key, users=keyed.users)


@pytest.mark.thorough
def test_by_the_api_a_key_in_use_is_409(cast: Cast) -> None:
    key = a_key(cast)
    Image.objects.create(project=cast.project, slug="front", source=SOURCE)
    answer = cast.bearer("developer").delete(f"/api/v1/deploy-keys/{key.id}/")
    assert (answer.status_code, answer.json()["code"]) == (409, "deploy_key.in_use")
