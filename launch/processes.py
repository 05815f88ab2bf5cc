"""Processes by id and start time, so that a number used again by somebody else is never taken for ours."""

import ctypes
import os
import signal
import time
from pathlib import Path

PR_SET_PDEATHSIG = 1
LOOK_AGAIN_SECONDS = 0.05
START_TIME_FIELD = 19  # of /proc/PID/stat, counted after the name's closing parenthesis
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent() -> None:
    """In a new child: end when the process that started it ends, however that ended."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def start_time(pid: int) -> str | None:
    """The kernel's start mark of a living process; None when there is none or it only waits to be collected."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[START_TIME_FIELD]


def write_record(path: Path, pid: int) -> None:
    path.write_text(f"{pid} {start_time(pid)}\n")


def recorded(path: Path) -> int | None:
    """The process a record speaks of, if that very process still lives."""
    try:
        pid, mark = path.read_text().split()
    except (OSError, ValueError):
        return None
    return int(pid) if pid.isdigit() and start_time(int(pid)) == mark else None


def end_recorded(path: Path, *, seconds: float) -> bool:
    """End a process left over from an earlier start; True when there was one."""
    pid = recorded(path)
    if pid is not None:
        os.kill(pid, signal.SIGTERM)
        end = time.monotonic() + seconds
        while recorded(path) == pid:
            if time.monotonic() > end:
                os.kill(pid, signal.SIGKILL)
            time.sleep(LOOK_AGAIN_SECONDS)
    path.unlink(missing_ok=True)
    return pid is not None
