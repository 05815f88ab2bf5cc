"""A full run that leaves something out fails."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from launch.places import ROOT
from tests.completeness import KINDS

pytestmark = pytest.mark.thorough

ALL_KINDS = "\n".join(f"@pytest.mark.{kind}\ndef test_{kind}(): pass\n" for kind in KINDS)


def run(tmp_path: Path, text: str, *words: str) -> subprocess.CompletedProcess[str]:
    """A pytest of its own on one file, with this plugin only."""
    (tmp_path / "test_it.py").write_text(f"import pytest\n{text}")
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n" + "\n".join(f"  {kind}: x" for kind in KINDS))
    plugin = ["-p", "tests.completeness", "-p", "no:cacheprovider"]
    if not any(word.startswith("--nothing-left-out") for word in words):
        plugin.append("--nothing-left-out=both")
    env = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "pytest", "-q", *plugin, *words, str(tmp_path)]
    return subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60, check=False)


def test_everything_run_is_a_success(tmp_path: Path) -> None:
    assert run(tmp_path, ALL_KINDS).returncode == 0


@pytest.mark.parametrize(
    ("addition", "words"),
    [
        ("@pytest.mark.skip\ndef test_more(): pass\n", []),
        ("def test_more(): pytest.skip('no engine')\n", []),
        ("", ["-m", "not engine"]),
        ("", ["-k", "not browser"]),
    ],
)
def test_a_skipped_or_deselected_test_fails_the_run(tmp_path: Path, addition: str, words: list[str]) -> None:
    done = run(tmp_path, ALL_KINDS + addition, *words)
    assert done.returncode == 1
    assert "left out, so this full run fails" in done.stdout


def test_a_kind_of_which_there_is_no_test_fails_the_run(tmp_path: Path) -> None:
    done = run(tmp_path, "def test_only(): pass\n")
    assert done.returncode == 1
    assert "no test is marked engine" in done.stdout


def test_two_parts_are_the_whole_and_share_nothing(tmp_path: Path) -> None:
    text = ALL_KINDS + "def test_plain(): pass\n"
    at_once = run(tmp_path, text, "--nothing-left-out=at-once")
    alone = run(tmp_path, text, "--nothing-left-out=alone")
    assert (at_once.returncode, alone.returncode) == (0, 0)
    assert "1 passed" in at_once.stdout
    assert f"{len(KINDS)} passed" in alone.stdout
