"""A pair is made here; its private part is seen by nobody but the host that builds."""

import json
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_ssh_private_key
from django.urls import reverse

from tests.cast import Cast
from tests.deploykeys.given import a_key
from webapp import sealing
from webapp.audit.models import Entry
from webapp.deploykeys import services
from webapp.deploykeys.models import DeployKey
from webapp.environments import vault
from webapp.problems import Conflicting, Forbidden, Invalid


def test_a_developer_makes_a_pair_whose_halves_fit(cast: Cast) -> None:
    key = a_key(cast)
    private = vault.reveal({"k": key.id})["k"]
    public = load_ssh_private_key(private.encode(), None).public_key()
    line = public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    assert key.public == f"{line} slipway-web-shop" and line.startswith("ssh-ed25519 ")
    entry = Entry.objects.get(action="deploy_key.created")
    assert entry.after == {"name": "shop", "fingerprint": key.fingerprint, "known_hosts": []}


@pytest.mark.thorough
def test_the_fingerprint_is_the_one_that_ssh_shows(cast: Cast, tmp_path: Path) -> None:
    file = tmp_path / "key.pub"
    key = a_key(cast)
    file.write_text(key.public)
    said = subprocess.run(["ssh-keygen", "-lf", str(file)], capture_output=True, text=True, check=True).stdout
    assert key.fingerprint in said.split()


def test_the_private_part_is_sealed_and_sealed_anew_when_keys_change(cast: Cast) -> None:
    key = a_key(cast)
    before, private = bytes(key.private), vault.reveal({"k": key.id})
    assert b"OPENSSH" not in before
    assert vault.rotate() == 1
    key.refresh_from_db()
    assert bytes(key.private) != before and vault.reveal({"k": key.id}) == private


@pytest.mark.thorough
def test_the_private_part_is_in_no_answer_page_or_trail(cast: Cast) -> None:
    key = a_key(cast)
    secret = "".join(sealing.unseal(bytes(key.private)).splitlines()[1:-1])[60:]
    client, list_ = cast.bearer("owner"), f"/api/v1/projects/{cast.project.id}/deploy-keys/"
    made = client.post(list_, {"name": "made"}, content_type="application/json")
    said = [made.content, client.get(list_).content, client.get(f"/api/v1/deploy-keys/{key.id}/").content]
    said += [cast.client("owner").get(reverse("deploy_keys", args=[cast.project.id])).content]
    said += [cast.client("owner").get(reverse("deploy_key", args=[key.id])).content]
    said += [json.dumps(list(Entry.objects.values()), default=str).encode()]
    assert made.status_code == 201 and set(made.json()) == {
        "id", "project", "name", "public", "fingerprint", "known_hosts", "created_at"
    }  # fmt: skip
    for text in said:
        assert secret not in text.decode() and "PRIVATE KEY" not in text.decode()
    assert key.public.encode() in said[4]


@pytest.mark.parametrize("name", ["", "Shop", "a_b", "-a", "a" * 41, "a\n", "../x"])
def test_a_name_that_is_none_is_refused(cast: Cast, name: str) -> None:
    with pytest.raises(Invalid) as refused:
        a_key(cast, name)
    assert list(refused.value.errors) == ["name"] and not DeployKey.objects.exists()


def test_a_name_is_taken_once_in_a_project(cast: Cast) -> None:
    a_key(cast)
    with pytest.raises(Conflicting, match="already"):
        a_key(cast)
    assert Entry.objects.filter(action="deploy_key.created").count() == 1


def test_a_project_has_an_end_of_keys(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "MAX_KEYS", 1)
    a_key(cast)
    with pytest.raises(Conflicting, match="at most 1"):
        a_key(cast, "other")


def test_a_viewer_makes_none(cast: Cast) -> None:
    with pytest.raises(Forbidden):
        a_key(cast, who="viewer")


def test_a_stranger_sees_none(cast: Cast) -> None:
    key = a_key(cast)
    assert list(DeployKey.objects.visible_to(cast.actor("stranger"))) == []
    assert list(DeployKey.objects.visible_to(cast.actor("viewer"))) == [key]
