"""bin/worker: on a worker host, install what it needs and run its two processes, worker and agent."""

import os

from launch.claim import alone_in_tree
from launch.entry import guarded
from launch.git import ensure_git
from launch.places import ROOT, places
from launch.python import WORKER, ensure_python
from launch.say import stop

NEEDED = {
    "SLIPWAY_URL": "the address of the control plane",
    "SLIPWAY_HOST_NAME": "the name under which this host was enrolled",
    "SLIPWAY_HOST_CREDENTIAL_FILE": "the file with the credential that enrolling printed",
    "REDIS_URL": "where the host hears its doorbell",
}


def main() -> int:
    return guarded(_worker)


def _worker() -> int:
    missing = [f"  {name}: {meaning}" for name, meaning in NEEDED.items() if not os.environ.get(name)]
    if missing:
        stop("This worker is not told everything. Please set:\n" + "\n".join(missing))
    here = places()
    here.make()
    with alone_in_tree():
        ensure_git(here)
        ensure_python(here, requirements=WORKER, quiet=True)
    own = {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    env = {"SLIPWAY_WORKER_HOME": str(here.worker), **os.environ, **own}
    os.execve(here.python, [str(here.python), "-m", "runtime.worker"], env)
