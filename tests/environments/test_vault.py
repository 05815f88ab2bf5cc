"""Secrets at rest: under keys that can be changed, and never half of what was asked for."""

import os
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from pytest_django.fixtures import Settings

from tests.cast import Cast
from webapp.audit.models import Entry
from webapp.environments import vault
from webapp.environments.models import Secret
from webapp.environments.services import set_secret
from webapp.problems import Missing


def kept(cast: Cast, *values: str) -> dict[str, str]:
    """Name to id of a secret with each of these values."""
    owner = cast.actor("owner")
    return {
        f"KEY_{at}": set_secret(actor=owner, project=cast.project, environment=None, name=f"KEY_{at}", value=value).id
        for at, value in enumerate(values)
    }


def test_the_same_value_is_never_the_same_twice(cast: Cast) -> None:
    assert vault.encrypt("sesame") != vault.encrypt("sesame")


def test_half_of_what_was_asked_for_is_not_given(cast: Cast) -> None:
    ids = kept(cast, "one-one")
    with pytest.raises(Missing, match="GONE") as refused:
        vault.reveal({**ids, "GONE": "nothing"})
    assert "one-one" not in refused.value.detail


def test_after_rotation_everything_is_readable_under_the_new_key_alone(cast: Cast, settings: Settings) -> None:
    ids, old = kept(cast, "one-one", "two\ntwo"), settings.ENCRYPTION_KEYS
    new = Fernet.generate_key().decode()
    settings.ENCRYPTION_KEYS = [new, *old]
    assert [vault.rotate() for _ in range(2)] == [2, 2]
    settings.ENCRYPTION_KEYS = [new]
    assert vault.reveal(ids) == {"KEY_0": "one-one", "KEY_1": "two\ntwo"}
    settings.ENCRYPTION_KEYS = old
    with pytest.raises(Missing):
        vault.reveal(ids)


def test_the_command_makes_a_key_keeps_the_old_one_and_tells_the_trail(
    cast: Cast, settings: Settings, tmp_path: Path
) -> None:
    file, old = tmp_path / "encryption_keys", settings.ENCRYPTION_KEYS
    file.write_text("\n".join(old) + "\n")
    settings.SLIPWAY_HOME = tmp_path
    ids = kept(cast, "one-one")
    call_command("rotate_keys", stdout=open(os.devnull, "w"))  # noqa: SIM115
    keys = file.read_text().split()
    assert len(keys) == len(old) + 1 and keys[1:] == old and file.stat().st_mode & 0o777 == 0o600
    assert Entry.objects.get(action="keys.rotated").after == {"secrets": 1}
    settings.ENCRYPTION_KEYS = old  # a process that began before reads the file
    assert vault.reveal(ids) == {"KEY_0": "one-one"}
    settings.ENCRYPTION_KEYS = keys[:1]
    assert vault.reveal(ids) == {"KEY_0": "one-one"}
    assert [path.name for path in tmp_path.iterdir()] == ["encryption_keys"]


def test_a_text_that_is_no_secret_of_ours_is_not_opened(cast: Cast) -> None:
    ids = kept(cast, "one-one")
    Secret.objects.update(ciphertext=b"gAAAAAforged")
    with pytest.raises(Missing):
        vault.reveal(ids)
