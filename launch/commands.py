"""Other programs, run for set-up: their output goes to a log, its end is shown when they fail."""

import os
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from launch.say import CannotGoOn, say, stop

Word = str | os.PathLike[str]
TAIL_LINES = 25
INSTALL_SECONDS = 1200
APT = ("apt-get", "-q", "-o", "DPkg::Lock::Timeout=300")
APT_LISTS = Path("/var/lib/apt/lists")
APT_LISTS_FRESH_SECONDS = 86_400


def run_logged(
    part: str,
    command: Sequence[Word],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> None:
    """Run to the end with the output in `log`; when it fails, stop and show the end of it."""
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with log.open("ab") as output:
        try:
            code = subprocess.run(
                [os.fspath(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=None if env is None else dict(env),
                cwd=cwd,
                timeout=INSTALL_SECONDS,
                check=False,
            ).returncode
        except subprocess.TimeoutExpired:
            code = -1
    if code != 0:
        shown = " ".join(os.fspath(word) for word in command[:6])
        stop(f"{part}: `{shown} …` failed ({code}). {end_of(log)}")


def end_of(log: Path) -> str:
    """The last lines of a log, for the sentence that says what failed."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return f"The end of {log}:\n" + "\n".join(lines[-TAIL_LINES:])


def answer_of(command: Sequence[Word], *, seconds: float = 10) -> str | None:
    """What a program prints, or None when it is absent, fails or takes too long."""
    try:
        done = subprocess.run(
            [os.fspath(word) for word in command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def may_install() -> bool:
    """Whether this process may install the distribution's packages."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def apt_knows(package: str) -> bool:
    shown = answer_of(["apt-cache", "policy", package])
    return bool(shown) and "Candidate: (none)" not in str(shown)


def apt_refresh(*, log: Path, always: bool = False) -> None:
    """Fetch the package lists when there are none or they are older than a day."""
    known = any(APT_LISTS.glob("*Packages*"))
    if always or not known or time.time() - APT_LISTS.stat().st_mtime > APT_LISTS_FRESH_SECONDS:
        run_logged("apt", [*APT, "update"], log=log, env=_apt_env())


def apt_install(part: str, packages: Sequence[str], *, log: Path) -> None:
    """Install the distribution's packages; without the right to, say which command would."""
    if not may_install():
        stop(f"{part}: please install {', '.join(packages)} (as root: {apt_command(packages)}).")
    say(part, f"installing {', '.join(packages)} with apt …")
    apt_refresh(log=log)
    command = [*APT, "install", "-y", "--no-install-recommends", *packages]
    try:
        run_logged(part, command, log=log, env=_apt_env())
    except CannotGoOn:
        apt_refresh(log=log, always=True)  # the lists may name versions that the mirror has replaced since
        run_logged(part, command, log=log, env=_apt_env())


def apt_command(packages: Sequence[str]) -> str:
    return f"apt-get update && apt-get install {' '.join(packages)}"


def _apt_env() -> dict[str, str]:
    return {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
