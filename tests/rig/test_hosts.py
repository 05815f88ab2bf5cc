"""Hosts and what runs on them: killed, frozen, cut off, restarted. What ran runs on, and the pages tell the truth.

Each test is one row of docs/faults.md: `injected` says what is done and what must hold.
"""

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.flows.story import get, post, replicas
from tests.flows.waiting import wait_for
from tests.rig.checks import assert_gapless, ticks
from tests.rig.conftest import Ticking
from tests.rig.fleet import Fleet

pytestmark = [pytest.mark.flow, pytest.mark.fault, pytest.mark.engine]

TRUE_SECONDS = 15  # within which the pages tell what is so after a restart or a cut
NOTICED_SECONDS = 10


def state_of(api: httpx.Client, host: str) -> str:
    found: str = next(one["state"] for one in get(api, "hosts/")["results"] if one["name"] == host)
    return found


def containers(rows: list[dict[str, str]]) -> set[str]:
    return {row["container"] for row in rows}


@pytest.mark.injected("a worker and an agent killed with -9 every 2 s, ten times", "what runs is not touched")
def test_a_worker_that_dies_again_and_again_leaves_what_runs_alone(fleet: Fleet, ticking: Ticking) -> None:
    before = containers(ticking.settled())
    machine = fleet.machine("h2")
    for _ in range(10):
        machine.kill()
        machine.start()
        time.sleep(2)
    assert containers(ticking.settled()) == before
    for row in ticking.settled():
        assert_gapless(ticks(ticking.api, row["log"]))


@pytest.mark.injected(
    "the agent's spool overwritten with noise while it is down",
    "it begins anew from the engine: no line is lost or told twice",
)
def test_a_spool_that_is_noise_begins_anew(fleet: Fleet, ticking: Ticking) -> None:
    machine, row = fleet.machine("h2"), ticking.on("h2")
    wait_for("some lines", lambda: len(ticks(ticking.api, row["log"])) > 20)
    machine.kill("agent")
    spools = list((machine.home / "worker").glob("spool.sqlite3*"))
    assert spools
    for path in spools:
        path.write_bytes(os.urandom(64 * 1024))
    machine.start("agent")
    seen = len(ticks(ticking.api, row["log"]))
    wait_for("lines again", lambda: len(ticks(ticking.api, row["log"])) > seen + 20)
    assert_gapless(ticks(ticking.api, row["log"]))


@pytest.mark.injected("an engine killed with -9, started again 5 s later", "containers run on, logs are whole")
def test_an_engine_that_is_killed_and_comes_back_keeps_what_runs(fleet: Fleet, ticking: Ticking) -> None:
    machine, row = fleet.machine("h2"), ticking.on("h2")
    before = containers(ticking.settled())
    machine.engine.kill()
    wait_for("the page to say so", lambda: state_of(ticking.api, "h2") != "ready", seconds=TRUE_SECONDS)
    assert state_of(ticking.api, "h1") == state_of(ticking.api, "h3") == "ready"
    time.sleep(5)
    machine.engine.start()
    fleet.wait_ready(ticking.api)
    assert containers(ticking.settled()) == before
    seen = len(ticks(ticking.api, row["log"]))
    wait_for("lines again", lambda: len(ticks(ticking.api, row["log"])) > seen + 20)
    assert_gapless(ticks(ticking.api, row["log"]))


@pytest.mark.injected(
    "an engine stopped with SIGSTOP for 40 s",
    "its host is shown as not answering, the others work: a deployment elsewhere succeeds; afterwards all is as wanted",
)
def test_an_engine_that_hangs_holds_up_nobody_else(fleet: Fleet, ticking: Ticking) -> None:
    process = fleet.machine("h3").engine.process
    assert process is not None
    process.send_signal(signal.SIGSTOP)
    begun = time.monotonic()
    try:
        wait_for("the page to say so", lambda: state_of(ticking.api, "h3") != "ready", seconds=40)
        body = {"project": ticking.place["project"]["id"], "slug": "away", "rank": 2, "hosts": ["h1"]}
        elsewhere = post(ticking.api, "environments/", {**body, "protected": False})
        made = post(
            ticking.api,
            "deployments/",
            {"service": ticking.service["id"], "environment": elsewhere["id"], "build": ticking.built["id"]},
            status=202,
        )
        assert get(ticking.api, f"deployments/{made['id']}/", wait=30)["state"] == "succeeded"
        time.sleep(max(0.0, 40 - (time.monotonic() - begun)))
    finally:
        process.send_signal(signal.SIGCONT)
    fleet.wait_ready(ticking.api)
    assert all(row["state"] == "healthy" for row in ticking.api_rows())


@pytest.mark.injected(
    "the container's shim killed with -9", "the end is shown within 10 s, and one container replaces it"
)
def test_a_killed_shim_is_noticed_and_replaced_once(fleet: Fleet, ticking: Ticking) -> None:
    row = ticking.on("h1")
    shims = [
        int(path.parent.name)
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if row["container"] in _command(path) and "shim" in _command(path)
    ]
    assert shims, "the container has a shim"
    begun = time.monotonic()
    for pid in shims:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    def noticed() -> bool:
        now = get(ticking.api, f"replicas/{row['id']}/")
        return bool(
            now["state"] != "healthy" or now["restarts"] > row["restarts"] or now["started_at"] != row["started_at"]
        )

    wait_for("the end to be noticed", noticed, seconds=NOTICED_SECONDS, every=0.05)
    assert time.monotonic() - begun < NOTICED_SECONDS + 1
    ticking.settled()


def _command(path: Path) -> str:
    with suppress(OSError):
        return path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return ""


@pytest.mark.injected(
    "a container removed by hand, and a strange one started with Slipway's labels",
    "the wanted one is there again; the strange one is neither shown nor counted, and goes",
)
def test_what_was_done_by_hand_is_mended(fleet: Fleet, ticking: Ticking) -> None:
    row, machine = ticking.on("h2"), fleet.machine("h2")
    labels = machine.docker(
        "inspect", "-f", "{{range $k, $v := .Config.Labels}}{{$k}}={{$v}}\n{{end}}", row["container"]
    )
    forged = [line for line in labels.splitlines() if line.startswith("slipway.") and "replica" not in line]
    words = [word for line in [*forged, "slipway.replica=01aaaaaaaaaaaaaaaaaaaaaaaa"] for word in ("--label", line)]
    image = machine.docker("inspect", "-f", "{{.Image}}", row["container"]).strip()
    strange = machine.docker("run", "-d", *words, image, "sleep", "600").strip()
    machine.docker("rm", "-f", row["container"])
    wait_for("a new container", lambda: strange not in machine.ours("-a"), seconds=60)
    ticking.settled()


@pytest.mark.injected(
    "the link of a host cut for 25 s",
    "it is shown as unknown within 15 s, its containers run on, nothing moves, and its log is whole after the cut",
)
def test_a_host_that_is_cut_off_is_unknown_and_whole_afterwards(fleet: Fleet, ticking: Ticking) -> None:
    machine, row = fleet.machine("h2"), ticking.on("h2")
    before = fleet.running(ticking.service)
    machine.cut()
    begun = time.monotonic()
    try:
        wait_for("unknown", lambda: state_of(ticking.api, "h2") == "unknown", seconds=TRUE_SECONDS + 2, every=0.2)
        assert time.monotonic() - begun <= TRUE_SECONDS + 1
        shown = [one for one in replicas(ticking.api, ticking.service, ticking.environment) if one["host"] == "h2"]
        assert [one["host_state"] for one in shown] == ["unknown"]
        time.sleep(25 - (time.monotonic() - begun))
        assert fleet.running(ticking.service) == before, "nothing was moved"
    finally:
        machine.heal()
    fleet.wait_ready(ticking.api)
    assert containers(ticking.settled()) == {one["container"] for host in before.values() for one in host}
    seen = len(ticks(ticking.api, row["log"]))
    wait_for("lines again", lambda: len(ticks(ticking.api, row["log"])) > seen + 20)
    assert_gapless(ticks(ticking.api, row["log"]))


@pytest.mark.injected(
    "a host cut off in the middle of a deployment, for 20 s",
    "the deployment ends, and afterwards one complete release serves on every host",
)
def test_a_host_cut_off_in_the_middle_of_a_deployment_ends_as_one_release(fleet: Fleet, ticking: Ticking) -> None:
    machine = fleet.machine("h2")
    asked = ticking.scale(6)
    time.sleep(0.5)
    machine.cut()
    time.sleep(20)
    machine.heal()
    fleet.wait_ready(ticking.api)
    over = get(ticking.api, f"deployments/{asked['id']}/", wait=60)
    assert over["state"] in ("succeeded", "failed", "rolled_back"), over
    rows = ticking.settled(6 if over["state"] == "succeeded" else 3)
    assert len({row["release"] for row in rows}) == 1


@pytest.mark.injected("a fifth of a host's packets lost in each direction for 20 s", "its log is whole")
def test_a_bad_line_loses_nothing(fleet: Fleet, ticking: Ticking) -> None:
    machine, row = fleet.machine("h1"), ticking.on("h1")
    machine.lose(0.2)
    try:
        time.sleep(20)
    finally:
        machine.lose_nothing()
    fleet.wait_ready(ticking.api)
    seen = len(ticks(ticking.api, row["log"]))
    wait_for("lines again", lambda: len(ticks(ticking.api, row["log"])) > seen + 20)
    assert_gapless(ticks(ticking.api, row["log"]))


@pytest.mark.injected(
    "everything that comes in to a host is dropped for 25 s while its connections stay open",
    "unknown within 15 s; afterwards it hears its doorbell again and its log is whole",
)
def test_connections_that_die_without_a_word_are_given_up(fleet: Fleet, ticking: Ticking) -> None:
    machine, row = fleet.machine("h1"), ticking.on("h1")
    machine.drop_all()
    try:
        wait_for("unknown", lambda: state_of(ticking.api, "h1") == "unknown", seconds=TRUE_SECONDS + 5)
        time.sleep(10)
    finally:
        machine.lose_nothing()
    fleet.wait_ready(ticking.api)
    assert ticking.deploy()["state"] == "succeeded"
    seen = len(ticks(ticking.api, row["log"]))
    wait_for("lines again", lambda: len(ticks(ticking.api, row["log"])) > seen + 20)
    assert_gapless(ticks(ticking.api, row["log"]))


@pytest.mark.injected(
    "a worker frozen with SIGSTOP beyond its lease in the middle of a deployment, then thawed",
    "its late reports change nothing; exactly what was wanted runs",
)
def test_a_frozen_workers_late_reports_are_refused(fleet: Fleet, ticking: Ticking) -> None:
    worker = fleet.machine("h1").processes["worker"]
    settings = {"variables": {"TURN": "frozen"}}
    ticking.api.patch(f"services/{ticking.service['id']}/", json=settings).raise_for_status()
    made = ticking.begin()
    wait_for("rolling", lambda: get(ticking.api, f"deployments/{made['id']}/")["state"] == "rolling", every=0.02)
    tree = [worker.pid, *_children(worker.pid)]
    for pid in tree:
        os.kill(pid, signal.SIGSTOP)
    try:
        time.sleep(40)
    finally:
        for pid in tree:
            os.kill(pid, signal.SIGCONT)
    over = get(ticking.api, f"deployments/{made['id']}/", wait=60)
    assert over["state"] in ("succeeded", "failed", "rolled_back"), over
    rows = ticking.settled()
    assert len({row["release"] for row in rows}) == 1


def _children(pid: int) -> list[int]:
    told = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout.split()
    found = [int(one) for one in told]
    return found + [grand for one in found for grand in _children(one)]


@pytest.mark.injected(
    "a host loses power: engine, containers, worker and agent at once; back 20 s later",
    "unknown within 15 s; afterwards what was wanted runs there again, and its log goes on",
)
def test_a_host_without_power_comes_back_to_what_was_wanted(fleet: Fleet, ticking: Ticking) -> None:
    machine, row = fleet.machine("h3"), ticking.on("h3")
    wait_for("some lines", lambda: len(ticks(ticking.api, row["log"])) > 10)
    machine.kill()
    machine.engine.lose_power()
    wait_for("unknown", lambda: state_of(ticking.api, "h3") == "unknown", seconds=TRUE_SECONDS + 2)
    time.sleep(5)
    machine.engine.start()
    machine.start()
    fleet.wait_ready(ticking.api)
    ticking.settled()
    again = ticking.on("h3")
    wait_for("lines again", lambda: len(ticks(ticking.api, again["log"])) > 10)
