"""A worker host needs runtime/ and its requirements, nothing else."""

import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from launch.places import ROOT, Places
from launch.say import CannotGoOn
from launch.unit import install_unit, unit_text

pytestmark = pytest.mark.thorough

INSTALL_SECONDS = 300
IMPORT_EVERYTHING = """
import importlib, importlib.util, pkgutil
import runtime
names = [module.name for module in pkgutil.walk_packages(runtime.__path__, "runtime.")]
for name in names:
    if not name.endswith("__main__"):
        importlib.import_module(name)
assert importlib.util.find_spec("django") is None
assert importlib.util.find_spec("webapp") is None
print(len(names))
"""


def run(*words: str | Path, cwd: Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    command = [str(word) for word in words]
    return subprocess.run(
        command, cwd=cwd, env=env, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
    )


@pytest.mark.network
def test_its_requirements_in_an_empty_environment_are_enough(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "runtime", tmp_path / "runtime", ignore=shutil.ignore_patterns("__pycache__"))
    made = run(sys.executable, "-m", "venv", tmp_path / "venv", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    python = tmp_path / "venv" / "bin" / "python"
    installed = run(python, "-m", "pip", "install", "-q", "-r", "runtime/requirements.txt", cwd=tmp_path)
    assert installed.returncode == 0, installed.stderr
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    imported = run(python, "-c", IMPORT_EVERYTHING, cwd=tmp_path, env=clean)
    assert imported.returncode == 0, imported.stderr
    assert int(imported.stdout) > 10


def test_a_worker_that_is_told_nothing_says_what_it_needs(tmp_path: Path) -> None:
    env = {"PATH": os.environ["PATH"], "SLIPWAY_HOME": str(tmp_path), "SLIPWAY_URL": "http://127.0.0.1:9"}
    done = run(sys.executable, ROOT / "bin" / "worker", cwd=tmp_path, env=env)
    assert done.returncode == 1
    assert "run the command that it shows" in done.stderr
    assert "SLIPWAY_HOST_CREDENTIAL_FILE" in done.stderr
    assert "SLIPWAY_URL" not in done.stderr
    assert "Traceback" not in done.stderr


def test_the_unit_starts_this_tree_as_this_user_in_this_home(tmp_path: Path) -> None:
    here = Places(home=tmp_path / "home", venv=tmp_path / "venv")
    unit = tmp_path / "slipway-worker.service"
    install_unit(here, unit)
    text = unit.read_text()
    assert f'ExecStart="{ROOT}/bin/worker"' in text and f'"SLIPWAY_HOME={here.home}"' in text
    assert f"User={pwd.getpwuid(os.geteuid()).pw_name}\n" in text and "Restart=always" in text


def test_a_place_that_a_unit_cannot_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CannotGoOn, match="another place"):
        unit_text(Places(home=tmp_path / 'ho"me', venv=tmp_path))
