"""A host's credential: given once, known again, renewed, revoked."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.cast import Cast
from webapp.audit.models import Entry
from webapp.hosts.models import Host
from webapp.hosts.services import enroll, find_host, renew_credential, revoke
from webapp.problems import Conflicting, Forbidden, Invalid
from webapp.teams.policy import SYSTEM

BAD_NAMES = ["", "Local", "a; rm -rf /", "$(id)", "a\n", "--privileged", "..", "a.b", "a" * 41, "9a", "b\u043egus"]


def told(action: str) -> int:
    return Entry.objects.filter(action=action, outcome="done").count()


def test_the_credential_is_told_once_and_only_its_digest_is_kept(cast: Cast) -> None:
    host, credential = enroll(actor=cast.actor("admin"), name="second")
    secret = credential.split("_", 2)[2]
    row = Host.objects.filter(id=host.id).values().get()
    assert secret not in str(row) and secret not in str(list(Entry.objects.values()))
    assert find_host(credential) == host and host.state == "enrolled"
    assert not host.every_team and not host.teams.exists()


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_name_that_means_more_than_a_name_is_refused(cast: Cast, name: str) -> None:
    with pytest.raises(Invalid) as refused:
        enroll(actor=cast.actor("admin"), name=name)
    assert list(refused.value.errors) == ["name"] and Host.objects.count() == 1


@pytest.mark.parametrize("who", ["owner", "operator", "viewer", "stranger"])
def test_hosts_are_the_site_admins_to_enroll(cast: Cast, who: str) -> None:
    with pytest.raises(Forbidden):
        enroll(actor=cast.actor(who), name="second")
    with pytest.raises(Forbidden):
        renew_credential(actor=cast.actor(who), host=cast.host)
    with pytest.raises(Forbidden):
        revoke(actor=cast.actor(who), host=cast.host)
    assert find_host(cast.host_credential) == cast.host and Host.objects.count() == 1


def test_a_name_is_taken_until_it_is_revoked(cast: Cast) -> None:
    admin = cast.actor("admin")
    with pytest.raises(Conflicting) as refused:
        enroll(actor=admin, name="local")
    assert refused.value.code == "host.taken"
    revoke(actor=admin, host=cast.host)
    again, credential = enroll(actor=admin, name="local")
    assert again.id == cast.host.id and find_host(credential) == again
    assert find_host(cast.host_credential) is None and not again.every_team


def test_a_new_credential_ends_the_one_before(cast: Cast) -> None:
    credential = renew_credential(actor=cast.actor("admin"), host=cast.host)
    assert find_host(cast.host_credential) is None
    assert find_host(credential) == cast.host
    assert told("host.credential_renewed") == 1 and Host.objects.get().every_team


def test_a_revoked_host_is_nobody_and_twice_is_once(cast: Cast) -> None:
    for _ in range(2):
        revoke(actor=cast.actor("admin"), host=cast.host)
    host = Host.objects.get()
    assert (host.state, host.connected, find_host(cast.host_credential)) == ("revoked", False, None)
    assert told("host.revoked") == 1


def forgeries(cast: Cast) -> list[Any]:
    kind, host_id, secret = cast.host_credential.split("_", 2)
    other, credential = enroll(actor=SYSTEM, name="other")
    return [
        "", "slh", "slh__", f"slw_{host_id}_{secret}", f"{kind}_{host_id}_", f"{kind}_{host_id}_{secret}x",
        f"{kind}_{host_id}_{secret[:-1]}", f"{kind}_{other.id}_{secret}",
        f"{kind}_{host_id}_{credential.split('_', 2)[2]}", f"{kind}_nobody_{secret}",
        f"{kind}_{host_id}_{Host.objects.get(id=host_id).credential_digest}",
        cast.host_credential + " ", "slh_" + "x" * 300, f"{kind}_{host_id}_\ud800", f"{kind}_\x00_{secret}",
    ]  # fmt: skip


def test_what_only_looks_like_a_credential_is_none(cast: Cast) -> None:
    for forged in forgeries(cast):
        assert find_host(forged) is None, ascii(forged)
    assert find_host(cast.host_credential) == cast.host


def test_the_command_writes_the_file_keeps_one_that_works_and_replaces_one_that_does_not(
    db: None, tmp_path: Path
) -> None:
    file, said = tmp_path / "keys" / "credential", StringIO()

    def run(name: str = "home") -> str:
        call_command("enroll_host", name, "--credential-file", str(file), stdout=said)
        return file.read_text().strip()

    first = run()
    assert find_host(first) == Host.objects.get() and file.stat().st_mode & 0o777 == 0o600
    assert run() == first and first not in said.getvalue()
    file.write_text("lost")
    second = run()
    assert find_host(second) == Host.objects.get() and find_host(first) is None
    with pytest.raises(CommandError, match="letters"):
        run("Not A Name")
    assert file.read_text().strip() == second
