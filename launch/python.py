"""The virtual environment with the pinned requirements, made once and renewed when a pin changes."""

import hashlib
import importlib.util
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from launch.commands import Word, apt_install, run_logged
from launch.places import ROOT, Places
from launch.say import say

CONSTRAINTS = "constraints.txt"
CONTROL = ("requirements.txt", "runtime/requirements.txt")
WORKER = ("runtime/requirements.txt",)
DEVELOPMENT = ("requirements-dev.txt", *CONTROL)


def ensure_python(places: Places, *, requirements: Sequence[str] = CONTROL, quiet: bool = False) -> None:
    """An environment at `places.venv` that satisfies `requirements`, the first of which says all."""
    if _is_current(places, requirements):
        if not quiet:
            say("Python", f"{_version()}, packages ready")
        return
    if not _works(places):
        _create(places)
    say("Python", f"{_version()}, installing the packages of {requirements[0]} …")
    command: list[Word] = [places.python, "-m", "pip", "install", "--quiet", "--no-input"]
    pins: list[Word] = ["-r", ROOT / requirements[0], "-c", ROOT / CONSTRAINTS]
    run_logged("Python", [*command, *pins], log=places.logs / "setup.log")
    _mark(places, requirements)


def _works(places: Places) -> bool:
    """A venv names its interpreter by path: after a move or an upgrade it is of no use."""
    marker = places.venv / "pyvenv.cfg"
    return marker.is_file() and places.python.exists() and (places.venv / "bin" / "pip").exists()


def _create(places: Places) -> None:
    log = places.logs / "setup.log"
    if importlib.util.find_spec("ensurepip") is None:
        apt_install("Python", ["python3-venv"], log=log)
    shutil.rmtree(places.venv, ignore_errors=True)
    say("Python", f"{_version()}, making the environment {places.venv} …")
    run_logged("Python", [sys.executable, "-m", "venv", places.venv], log=log)


def _is_current(places: Places, requirements: Sequence[str]) -> bool:
    stamp = _stamp(places, requirements[0])
    return _works(places) and stamp.is_file() and stamp.read_text() == _digest(places, requirements)


def _mark(places: Places, requirements: Sequence[str]) -> None:
    """Each larger set holds the smaller ones."""
    for held in (DEVELOPMENT, CONTROL, WORKER):
        if set(held) <= set(requirements):
            _stamp(places, held[0]).write_text(_digest(places, held))


def _stamp(places: Places, name: str) -> Path:
    return places.venv / f".slipway-{name.replace('/', '-')}"


def _digest(places: Places, requirements: Sequence[str]) -> str:
    """What the installed set depends on: the pins, the interpreter, the place."""
    known = hashlib.sha256(f"{sys.version}\n{places.venv}\n".encode())
    for name in (*requirements, CONSTRAINTS):
        known.update((ROOT / name).read_bytes())
    return known.hexdigest()


def _version() -> str:
    return ".".join(str(number) for number in sys.version_info[:3])
