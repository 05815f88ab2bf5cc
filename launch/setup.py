"""bin/setup: what the work tree needs before anything of it can run."""

import argparse

from launch.assets import ensure_assets
from launch.claim import alone_in_tree
from launch.entry import guarded
from launch.places import places
from launch.python import CONTROL, DEVELOPMENT, ensure_python
from launch.say import title


def main() -> int:
    """Make the environment and the browser assets; a second run finds both and is done."""
    return guarded(_setup)


def _setup() -> int:
    parser = argparse.ArgumentParser(prog="bin/setup", description=__doc__)
    parser.add_argument("--dev", action="store_true", help="with the tools of bin/test")
    parser.add_argument("--assets", action="store_true", help="the browser assets too")
    wanted = parser.parse_args()
    here = places()
    here.make()
    title("Setting up Slipway")
    with alone_in_tree():
        ensure_python(here, requirements=DEVELOPMENT if wanted.dev else CONTROL)
        if wanted.assets:
            ensure_assets(here)
    return 0
