"""bin/up --check: what is there and what is missing, without changing anything."""

import os
import shutil
import sys
from pathlib import Path

from launch import caddy
from launch.assets import DIST
from launch.claim import holder
from launch.engine import Engine, NoEngine, describe_builder, look_for_engine
from launch.entry import OLDEST_PYTHON
from launch.git import missing_programs
from launch.places import Places
from launch.private_redis import answers, find_server, given_redis
from launch.say import say, title

GIGABYTE = 1024**3
LOW_DISK_GIGABYTES = 5


def check(places: Places) -> int:
    """Print the findings; 0 when bin/up would find everything in place, 1 when something is missing."""
    title(f"Slipway on this machine (home: {places.home})")
    found = [_python(places), _assets(), _engine(places), _git(), _edge(), _disk(places), _redis(places)]
    running = holder(places)
    say("Slipway", f"runs at {running['url']}/" if running else "does not run")
    return 0 if all(found) else 1


def _python(places: Places) -> bool:
    version = ".".join(str(number) for number in sys.version_info[:3])
    here = places.python.exists()
    say("Python", f"{version}; environment {places.venv if here else 'missing (bin/up makes it)'}")
    return here and sys.version_info >= OLDEST_PYTHON


def _assets() -> bool:
    here = (DIST / ".stamp").is_file()
    say("Pages", "browser assets bundled" if here else "browser assets missing (bin/up makes them)")
    return here


def _engine(places: Places) -> bool:
    found = look_for_engine()
    if isinstance(found, NoEngine):
        installed = "installed, not running" if shutil.which("dockerd") else "not installed"
        say("Engine", f"none at {found.address}: {found.reason}; dockerd is {installed}")
        return False
    say("Engine", f"Docker {found.version} at {found.address}")
    say("", f"storage driver {found.storage}, cgroup version {found.cgroups}")
    say("Builder", describe_builder())
    return True


def _git() -> bool:
    missing = missing_programs()
    say("Git", f"{' and '.join(missing)} missing (bin/up installs it)" if missing else "git and ssh are here")
    return not missing


def _edge() -> bool:
    here = caddy.is_installed()
    say("Edge", "caddy is here" if here else "caddy missing (bin/up installs it)")
    return here


def _disk(places: Places) -> bool:
    engine = look_for_engine()
    rooms = [("home", places.home)]
    if isinstance(engine, Engine):
        rooms.append(("engine", Path(engine.root)))
    free = {name: _free_gigabytes(path) for name, path in rooms}
    say("Disk", ", ".join(f"{amount:.1f} GB free for the {name}" for name, amount in free.items()))
    return min(free.values()) >= LOW_DISK_GIGABYTES


def _free_gigabytes(path: Path) -> float:
    while not path.exists():
        path = path.parent
    return shutil.disk_usage(path).free / GIGABYTE


def _redis(places: Places) -> bool:
    given = given_redis()
    if given:
        there = answers(given)
        say("Redis", f"REDIS_URL {'answers' if there else 'does not answer'}")
        return there
    server = find_server(places)
    say("Redis", f"private, {server.flavour} ({server.program})" if server else "missing (bin/up brings one)")
    say("Database", "the one of DATABASE_URL" if os.environ.get("DATABASE_URL") else f"SQLite at {places.database}")
    return server is not None
