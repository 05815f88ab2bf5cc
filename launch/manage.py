"""bin/manage: manage.py in Slipway's environment, with the home and the Redis that bin/up uses."""

import os
import sys

from launch.claim import alone_in_tree
from launch.entry import guarded
from launch.environment import FIRST_ADMIN, control_environment
from launch.places import ROOT, places
from launch.python import ensure_python


def main() -> int:
    return guarded(_manage)


def _manage() -> int:
    here = places()
    here.make()
    with alone_in_tree():
        ensure_python(here, quiet=True)
    env = control_environment(here)
    env |= {name: os.environ[name] for name in FIRST_ADMIN if name in os.environ}
    os.execve(here.python, [str(here.python), str(ROOT / "manage.py"), *sys.argv[1:]], env)
