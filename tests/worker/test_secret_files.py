"""The folders in memory that containers read their secrets from."""

import os
from pathlib import Path

import pytest

from runtime.procedures.ports import FileOwner, ProcedureError
from runtime.redaction import Secret
from runtime.worker.secret_files import SecretFolders, memory_root

HERE = {"service": "0" * 26, "environment": "1" * 26}
ME = FileOwner(os.getuid(), os.getgid())
MOUNTS = (
    "1 1 0:1 / / rw - ext4 /dev/vda rw\n2 1 0:2 / /run rw shared:2 - tmpfs tmpfs rw\n"
    "3 2 0:3 / {folder} rw - {kind} none rw\n"
)


def write(folders: SecretFolders, container: str = "one", owner: FileOwner = ME, **files: str) -> Path:
    secrets = {name: Secret(value) for name, value in files.items()}
    return folders.write(**HERE, container=container, files=secrets, owner=owner)


def test_a_folder_has_just_the_files_and_nobody_else_reads_them(tmp_path: Path) -> None:
    folder = write(SecretFolders(tmp_path / "root"), PASSWORD="päss\n", TOKEN="t")
    assert {file.name: file.read_text() for file in folder.iterdir()} == {"PASSWORD": "päss\n", "TOKEN": "t"}
    assert {oct(file.stat().st_mode & 0o777) for file in folder.iterdir()} == {"0o400"}
    for place in (folder, folder.parent):
        assert oct(place.stat().st_mode & 0o777) == "0o700"


def test_written_again_it_is_the_same_folder_with_the_values_of_now(tmp_path: Path) -> None:
    folders = SecretFolders(tmp_path / "root")
    before = write(folders, OLD="1", BOTH="1").stat().st_ino
    folder = write(folders, BOTH="2")
    assert folder.stat().st_ino == before
    assert {file.name: file.read_text() for file in folder.iterdir()} == {"BOTH": "2"}


def test_what_a_killed_worker_left_half_written_is_in_nobodys_way(tmp_path: Path) -> None:
    folders = SecretFolders(tmp_path / "root")
    left = write(folders) / ".WORD"
    left.write_text("half")
    folder = write(folders, WORD="whole")
    assert {file.name: file.read_text() for file in folder.iterdir()} == {"WORD": "whole"}


def test_folders_of_containers_that_are_gone_go_and_those_of_other_services_stay(tmp_path: Path) -> None:
    folders = SecretFolders(tmp_path / "root")
    one, two = write(folders, "one", A="1"), write(folders, "two", A="1")
    other = folders.write(service="2" * 26, environment="1" * 26, container="one", files={}, owner=ME)
    folders.keep(**HERE, containers=["two"])
    assert (one.exists(), two.exists(), other.exists()) == (False, True, True)
    folders.keep(**HERE, containers=[])
    folders.keep(**HERE, containers=[])
    assert [place.name for place in (tmp_path / "root").iterdir()] == [other.parent.name]


def test_the_files_are_given_to_their_containers_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "chown", lambda _, uid, gid: given.append((uid, gid)))
    monkeypatch.setattr(os, "fchown", lambda _, uid, gid: given.append((uid, gid)))
    write(SecretFolders(tmp_path / "root"), owner=FileOwner(1000, 5), WORD="w")
    assert given == [(1000, 5), (1000, 5)]


def test_a_worker_that_may_not_give_files_away_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "chown", refused)
    with pytest.raises(ProcedureError) as caught:
        write(SecretFolders(tmp_path / "root"), owner=FileOwner(1000, 0), WORD="w")
    assert caught.value.problem.code == "secret_files_impossible"
    assert "user 1000" in caught.value.problem.message


def test_without_memory_there_are_no_files(tmp_path: Path) -> None:
    folders = SecretFolders(None)
    folders.keep(**HERE, containers=[])
    with pytest.raises(ProcedureError) as caught:
        write(folders, WORD="w")
    assert "SLIPWAY_SECRETS_FOLDER" in caught.value.problem.advice


def test_names_that_are_no_ids_lead_nowhere(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not an id"):
        SecretFolders(tmp_path / "root").write(service="../x", environment="1" * 26, container="c", files={}, owner=ME)


def test_the_root_is_in_memory_and_its_owners_alone(tmp_path: Path) -> None:
    mounts = MOUNTS.format(folder=tmp_path, kind="tmpfs")
    root = memory_root(tmp_path / "home", asked=str(tmp_path), mounts=mounts)
    assert root is not None
    assert root.parent == tmp_path
    assert not root.exists()
    assert memory_root(tmp_path / "home", asked=str(tmp_path), mounts=mounts) == root
    assert memory_root(tmp_path / "other", asked=str(tmp_path), mounts=mounts) != root
    write(SecretFolders(root), WORD="w")
    assert root.stat().st_mode & 0o777 == 0o700
    root.chmod(0o755)
    with pytest.raises(ProcedureError, match="not its worker's alone"):
        write(SecretFolders(root), WORD="w")


def test_a_disk_is_no_memory(tmp_path: Path) -> None:
    assert memory_root(tmp_path, asked=str(tmp_path), mounts=MOUNTS.format(folder=tmp_path, kind="ext4")) is None
    assert memory_root(tmp_path, asked="/nowhere/at/all", mounts=MOUNTS.format(folder="/x", kind="tmpfs")) is None
