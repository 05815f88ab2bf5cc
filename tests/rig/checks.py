"""What must hold whatever happens: looked at every second while a fault is on, and again when it is over."""

import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from typing import Any

import httpx

from tests.flows.story import Json, all_lines, assert_dense, replicas
from tests.flows.waiting import wait_for
from tests.rig.fleet import Fleet

EVERY_SECONDS = 1.0
SETTLED_SECONDS = 90.0
TICK = "tick "


@contextmanager
def never_two_of_one(fleet: Fleet) -> Iterator[None]:
    """While the block lasts no replica of one generation has two running containers, on any host."""
    over, seen = threading.Event(), set[tuple[str, str]]()

    def look() -> None:
        while not over.wait(EVERY_SECONDS):
            seen.update(_twice(fleet))

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
    assert not seen, f"two containers of one replica ran at once: {sorted(seen)}"


def _twice(fleet: Fleet) -> set[tuple[str, str]]:
    form = '{{.Label "slipway.replica"}} {{.Label "slipway.generation"}}'
    found: Counter[tuple[str, str]] = Counter()
    for machine in fleet.machines:
        with suppress(subprocess.SubprocessError):  # its engine is down: it tells nothing
            lines = machine.docker("ps", "--filter", "label=slipway.replica", "--format", form).splitlines()
            found.update((replica, generation) for replica, generation in (line.split() for line in lines))
    return {one for one, count in found.items() if count > 1}


def settled(fleet: Fleet, api: httpx.Client, service: Json, environment: Json, *, count: int) -> list[Json]:
    """Until pages and engines agree: so many healthy replicas, each one container, and nothing else. The replicas."""

    def agree() -> list[Json]:
        rows = replicas(api, service, environment)
        if [row["state"] for row in rows] != ["healthy"] * count:
            return []
        true = sorted(one["container"] for host in fleet.running(service).values() for one in host)
        return rows if true == sorted(row["container"] for row in rows) else []

    def words() -> str:
        told = [(row["index"], row["host"], row["state"]) for row in replicas(api, service, environment)]
        return f"{told} against {fleet.running(service)}"

    try:
        found: list[Json] = wait_for(f"{count} healthy replicas", agree, seconds=SETTLED_SECONDS, every=0.5)
    except AssertionError as error:
        raise AssertionError(f"{error}: {words()}") from error
    return found


def ticks(api: httpx.Client, log: str) -> list[int]:
    """The numbers that a ticking container counted; its log's own numbers are dense."""
    lines: list[list[Any]] = all_lines(api, log)
    assert_dense(lines)
    return [int(line[3].removeprefix(TICK)) for line in lines if line[3].startswith(TICK)]


def assert_gapless(counted: list[int]) -> None:
    """Each container counts 1, 2, 3, …: where it begins anew another one took over, and nothing else is missing."""
    assert counted and counted[0] == 1, counted[:3]
    broken = [(one, two) for one, two in pairwise(counted) if two not in (one + 1, 1)]
    assert not broken, f"lines are missing or doubled after {broken[:5]}"
