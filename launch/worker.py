"""bin/worker: on a worker host, install what it needs and run its processes: worker, agent, edge.

`bin/worker enroll URL CODE` makes the machine a host; from then on `bin/worker` needs to be told nothing.
`bin/worker --systemd` prints the unit that starts it with the machine, and `--systemd --install` puts it in its place.
"""

import json
import os
import sys
from collections.abc import Sequence
from contextlib import suppress

from launch.caddy import SETTING, ensure_edge
from launch.claim import alone_in_tree
from launch.engine import NoEngine, look_for_engine
from launch.entry import guarded
from launch.git import ensure_git
from launch.places import ROOT, Places, places
from launch.python import WORKER, ensure_python
from launch.say import say, stop
from launch.unit import install_unit, unit_text

SETTINGS = "settings.json"  # in the worker's home: enrolling wrote it
NEEDED = {
    "SLIPWAY_URL": "the address of the control plane",
    "SLIPWAY_HOST_NAME": "the name under which this host was enrolled",
    "SLIPWAY_HOST_CREDENTIAL_FILE": "the file with the credential that enrolling printed",
    "REDIS_URL": "where the host hears its doorbell",
}


def main() -> int:
    return guarded(lambda: _worker(sys.argv[1:]))


def _worker(words: Sequence[str]) -> int:
    here = places()
    match list(words):
        case []:
            _refuse_unknown(here)
            return _become(here, [])
        case ["enroll", *rest]:
            return _become(here, ["enroll", *rest])
        case ["--systemd"]:
            print(unit_text(here), end="")
        case ["--systemd", "--install"]:
            install_unit(here)
        case _:
            stop("bin/worker runs this host's worker. Besides: enroll URL CODE, and --systemd [--install].")
    return 0


def _become(here: Places, words: list[str]) -> int:
    """Install what a host needs, and go on as its worker."""
    here.make()
    with alone_in_tree():
        ensure_git(here)
        edge = {} if words else {SETTING: ensure_edge(here, _settings(here))}
        ensure_python(here, requirements=WORKER, quiet=True)
    if words:
        _say_engine()
    own = {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **edge}
    env = {"SLIPWAY_WORKER_HOME": str(here.worker), **os.environ, **own}
    os.execve(here.python, [str(here.python), "-m", "runtime.worker", *words], env)


def _refuse_unknown(here: Places) -> None:
    """Stop where nobody enrolled and the environment does not say it either."""
    missing = [f"  {name}: {meaning}" for name, meaning in NEEDED.items() if not os.environ.get(name)]
    if missing and not (here.worker / SETTINGS).is_file():
        stop(
            "This machine is no host yet. Make a code on the page Hosts and run the command that it shows, or set:\n"
            + "\n".join(missing)
        )


def _settings(here: Places) -> dict[str, str]:
    """What enrolling wrote, and over it what this start is told. What cannot be read, the worker complains of."""
    with suppress(OSError, ValueError):
        kept = json.loads((here.worker / SETTINGS).read_text())
        if isinstance(kept, dict):
            return {**kept, **os.environ}
    return dict(os.environ)


def _say_engine() -> None:
    """An enrolled host without an engine is of no use, and its owner sees it here first."""
    found = look_for_engine()
    if isinstance(found, NoEngine):
        say("Engine", f"none at {found.address}: {found.reason}; install one before you start the worker")
