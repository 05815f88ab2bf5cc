"""git and ssh are installed where they are missing and that is allowed; else it is said what to install."""

import shutil

import pytest

from launch import git
from launch.places import places


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    asked: list[list[str]] = []
    monkeypatch.setattr(git, "apt_install", lambda part, packages, *, log: asked.append(packages))
    return asked


def only(monkeypatch: pytest.MonkeyPatch, *programs: str) -> None:
    monkeypatch.setattr(shutil, "which", lambda name, **more: f"/usr/bin/{name}" if name in programs else None)


def test_what_is_missing_is_installed(monkeypatch: pytest.MonkeyPatch, installed: list[list[str]]) -> None:
    only(monkeypatch, "git")
    monkeypatch.setattr(git, "may_install", lambda: True)
    git.ensure_git(places())
    assert installed == [["openssh-client"]]


def test_what_is_there_is_left_alone(monkeypatch: pytest.MonkeyPatch, installed: list[list[str]]) -> None:
    only(monkeypatch, "git", "ssh")
    monkeypatch.setattr(git, "may_install", lambda: True)
    git.ensure_git(places())
    assert installed == []


def test_without_the_right_to_install_nothing_is_stopped_and_the_command_is_said(
    monkeypatch: pytest.MonkeyPatch, installed: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    only(monkeypatch)
    monkeypatch.setattr(git, "may_install", lambda: False)
    git.ensure_git(places())
    assert installed == [] and "apt-get install git openssh-client" in capsys.readouterr().out
