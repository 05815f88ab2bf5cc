"""The environment is made once, and renewed when a pin changes."""

from pathlib import Path
from typing import Any

import pytest

from launch import python
from launch.places import Places
from launch.python import CONTROL, DEVELOPMENT, WORKER, ensure_python


class Installer:
    """Stands for pip and venv: remembers what was asked, makes what a check looks for."""

    def __init__(self, places: Places, tree: Path) -> None:
        self.places = places
        self.tree = tree
        self.asked: list[list[str]] = []

    def __call__(self, part: str, command: list[Any], **rest: Any) -> None:
        self.asked.append([str(word) for word in command])
        if "venv" in self.asked[-1]:
            (self.places.venv / "bin").mkdir(parents=True)
            for name in ("bin/python", "bin/pip", "pyvenv.cfg"):
                (self.places.venv / name).touch()


@pytest.fixture
def here(tmp_path: Path) -> Places:
    return Places(home=tmp_path, venv=tmp_path / "venv")


@pytest.fixture
def installer(here: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installer:
    """A work tree with requirement files of its own, and the installer over it."""
    tree = tmp_path / "tree"
    (tree / "runtime").mkdir(parents=True)
    for name in (*DEVELOPMENT, python.CONSTRAINTS):
        (tree / name).write_text("x==1\n")
    monkeypatch.setattr(python, "ROOT", tree)
    made = Installer(here, tree)
    monkeypatch.setattr(python, "run_logged", made)
    return made


def test_a_second_run_installs_nothing(here: Places, installer: Installer) -> None:
    ensure_python(here)
    assert len(installer.asked) == 2
    ensure_python(here)
    assert len(installer.asked) == 2


def test_a_changed_pin_is_installed_into_the_same_environment(here: Places, installer: Installer) -> None:
    ensure_python(here)
    (installer.tree / "runtime" / "requirements.txt").write_text("x==2\n")
    ensure_python(here)
    assert [asked[2] for asked in installer.asked] == ["venv", "pip", "pip"]


def test_the_larger_set_holds_the_smaller_ones(here: Places, installer: Installer) -> None:
    ensure_python(here, requirements=DEVELOPMENT)
    ensure_python(here, requirements=CONTROL)
    ensure_python(here, requirements=WORKER)
    assert len(installer.asked) == 2


def test_an_environment_whose_interpreter_is_gone_is_made_anew(here: Places, installer: Installer) -> None:
    ensure_python(here)
    here.python.unlink()
    ensure_python(here)
    assert [asked[2] for asked in installer.asked] == ["venv", "pip", "venv", "pip"]
