"""A child of ours ends when it must: when the block is left, on the deadline, and with whoever started it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from runtime.child import CHILD_PATH, ChildStopped, ChildTimeout, running
from tests.waiting import until

pytestmark = pytest.mark.thorough

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = {"PATH": CHILD_PATH}


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def read(command: list[str], folder: Path, *, seconds: float = 20.0, stop_after: str = "") -> list[str]:
    lines: list[str] = []
    with running(command, environment=ENVIRONMENT, cwd=folder) as child:
        deadline = time.monotonic() + seconds
        for line in child.lines(deadline=deadline, stopped=lambda: stop_after in lines):
            lines.append(line)
        lines.append(f"exit {child.exit_code}")
    return lines


def test_both_outputs_are_read_to_the_end_even_without_a_last_newline(tmp_path: Path) -> None:
    script = "echo one; echo two >&2; printf three; exit 4"
    assert read(["sh", "-c", script], tmp_path) == ["one", "two", "three", "exit 4"]


def test_nothing_of_our_environment_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLIPWAY_CREDENTIAL", "slh_secret")
    assert not any("slh_secret" in line for line in read(["env"], tmp_path))


def test_the_deadline_ends_it(tmp_path: Path) -> None:
    with pytest.raises(ChildTimeout):
        read(["sleep", "300"], tmp_path, seconds=0.2)


def test_stopped_it_is_gone_with_all_it_started_even_if_it_will_not_hear(tmp_path: Path) -> None:
    note = tmp_path / "pids"
    script = f"trap '' TERM; sleep 300 & echo $$ $! > {note}; echo ready; wait; sleep 300"
    with pytest.raises(ChildStopped):
        read(["sh", "-c", script], tmp_path, stop_after="ready")
    pids = [int(word) for word in note.read_text().split()]
    assert len(pids) == 2
    until(lambda: not any(alive(pid) for pid in pids), seconds=5.0)


def test_it_dies_with_a_worker_that_is_killed(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    program = (
        "import sys, time\nfrom pathlib import Path\nfrom runtime.child import running\n"
        "script = 'echo $$ > ' + sys.argv[1] + '; exec sleep 300'\n"
        "with running(['sh', '-c', script], environment={'PATH': '/usr/bin:/bin'}, cwd=Path('/')):\n"
        "    time.sleep(300)\n"
    )
    worker = subprocess.Popen([sys.executable, "-c", program, str(note)], cwd=ROOT)
    try:
        until(lambda: note.exists() and note.read_text().strip() != "")
        child = int(note.read_text())
        assert alive(child)
    finally:
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
    until(lambda: not alive(child), seconds=5.0)


def test_a_child_that_closes_its_outputs_is_waited_for_and_its_code_is_known(tmp_path: Path) -> None:
    since = time.monotonic()
    assert read(["sh", "-c", "echo one; exec >&- 2>&-; sleep 1; exit 7"], tmp_path) == ["one", "exit 7"]
    assert time.monotonic() - since >= 1.0


def test_a_child_that_closes_its_outputs_and_lives_on_still_has_its_deadline(tmp_path: Path) -> None:
    with pytest.raises(ChildTimeout):
        read(["sh", "-c", "exec >&- 2>&-; sleep 300"], tmp_path, seconds=0.5)


def test_a_line_of_a_builder_may_have_megabytes(tmp_path: Path) -> None:
    script = "head -c 3000000 /dev/zero | tr '\\0' x; echo; head -c 5000000 /dev/zero | tr '\\0' y; echo; echo end"
    first, second, *rest = read(["sh", "-c", script], tmp_path)
    assert first == "x" * 3_000_000 and "left out a line of 5000000 bytes" in second and rest == ["end", "exit 0"]
