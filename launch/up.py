"""bin/up: set up what is missing and run Slipway on this machine until it is stopped."""

import argparse
import asyncio
import os
import signal
from dataclasses import dataclass
from typing import IO

from launch.assets import ensure_assets
from launch.base_image import ensure_busybox
from launch.caddy import PUBLISH_SETTING, ensure_edge
from launch.check import check
from launch.claim import alone_in_tree, free_port, hold_home, holder, write_down
from launch.engine_setup import ensure_engine
from launch.entry import guarded
from launch.environment import Door
from launch.git import ensure_git
from launch.keys import ensure_keys
from launch.places import Places, places
from launch.private_redis import check_given, given_redis
from launch.python import ensure_python
from launch.registry import DEFAULT_ADDRESS, ensure_registry, registry_address
from launch.run import Plan, run_slipway
from launch.say import say, stop, title
from launch.supervise import Supervisor, end_leftovers

DEFAULT_BIND = "127.0.0.1"
DEFAULT_PORT = 8000


@dataclass(frozen=True)
class Wish:
    """What the person asked for."""

    bind: str
    port: int
    check: bool
    demo: bool
    host_address: str | None
    registry: str | None


def main() -> int:
    return guarded(_up)


def _up() -> int:
    wish, here = _wish(), places()
    if wish.check:
        return check(here)
    here.make()
    lock = hold_home(here)
    if lock is None:
        return _already_runs(here)
    with lock:
        title("Starting Slipway")
        plan = _set_up(here, wish)
        write_down(lock, plan.door)
        return asyncio.run(_until_stopped(plan, lock))


def _set_up(here: Places, wish: Wish) -> Plan:
    """Everything that is made once; what stands already is only looked at."""
    for name in end_leftovers(here):
        say(name, "ended one left over from an earlier start")
    door = Door(bind=wish.bind, port=free_port(wish.bind, wish.port))
    registry = registry_address(wish.registry)
    given = given_redis()
    if given:
        check_given(given)
    with alone_in_tree():
        engine = ensure_engine(here)
        ensure_busybox(here)
        ensure_git(here)
        edge = ensure_edge(here, _edge_settings(wish), taken=[door.port])
        ensure_python(here)
        ensure_assets(here)
        ensure_registry(here, registry)
    ensure_keys(here)
    return Plan(here, door, engine, wish.demo, wish.host_address, registry, edge)


def _edge_settings(wish: Wish) -> dict[str, str]:
    """Names lead to where published ports do."""
    return {**os.environ, **({PUBLISH_SETTING: wish.host_address} if wish.host_address else {})}


async def _until_stopped(plan: Plan, lock: IO[str]) -> int:
    """Run until a signal comes; whatever happens, leave no process behind."""
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(sign, asked.set)
    supervisor = Supervisor(plan.places)
    starting = asyncio.create_task(run_slipway(plan, supervisor))
    waiting = asyncio.create_task(asked.wait())
    try:
        await asyncio.wait({starting, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            starting.result()
        await waiting
    finally:
        starting.cancel()
        waiting.cancel()
        lock.truncate(0)
        title("\nStopping Slipway; containers go on." if asked.is_set() else "\nStopping what was started.")
        await supervisor.stop()
    return 0


def _already_runs(here: Places) -> int:
    """The home is in use: say where, and that nothing was done."""
    running = holder(here)
    if not running:
        stop(f"Another bin/up is just starting or stopping in {here.home}.")
    title(f"Slipway already runs: {running['url']}/ (process {running['pid']}, home {here.home}). Nothing was started.")
    return 0


def _wish() -> Wish:
    parser = argparse.ArgumentParser(prog="bin/up", description="Set up what is missing and run Slipway here.")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help=f"default {DEFAULT_PORT}; 0 picks a free one")
    parser.add_argument("--bind", default=DEFAULT_BIND, metavar="ADDRESS", help=f"listen here (default {DEFAULT_BIND})")
    parser.add_argument(
        "--host-address", metavar="ADDRESS", help="where published ports of containers listen (default 127.0.0.1)"
    )
    parser.add_argument(
        "--registry",
        nargs="?",
        const=DEFAULT_ADDRESS,
        metavar="ADDRESS",
        help=f"run Slipway's own registry of images (at {DEFAULT_ADDRESS}); SLIPWAY_REGISTRY=ADDRESS leaves it on",
    )
    parser.add_argument("--demo", action="store_true", help="make the demo project")
    parser.add_argument("--check", action="store_true", help="only look: print what is there and what is missing")
    given = parser.parse_args()
    return Wish(given.bind, given.port, given.check, given.demo, given.host_address, given.registry)
