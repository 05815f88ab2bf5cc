"""The control plane: its Redis, database and web server lost, stopped or emptied while hosts work and people ask.

Each test is one row of docs/faults.md, as in `test_hosts`.
"""

import json
import os
import signal
import sqlite3
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
import redis

from runtime.contract.names import host_queue
from tests.flows.story import build, deploy, get, make_image, make_service, post
from tests.flows.waiting import wait_for
from tests.rig.checks import assert_gapless, ticks
from tests.rig.conftest import Ticking
from tests.rig.fleet import Fleet

pytestmark = [pytest.mark.flow, pytest.mark.fault, pytest.mark.engine]

CLIENTS = 20
FLOOD = """FROM slipway/busybox:1
CMD ["sh", "-c", "head -c 5000000 /dev/zero | tr '\\\\0' x; echo; yes and so on"]
"""
OVER = {"succeeded", "failed", "rolled_back", "cancelled", "superseded"}


def client_of(fleet: Fleet) -> redis.Redis:
    return redis.Redis.from_url(fleet.house.redis.url, socket_timeout=5)


def more_lines(ticking: Ticking, log: str) -> None:
    """The log goes on, and is whole."""
    seen = len(ticks(ticking.api, log))
    wait_for("lines again", lambda: len(ticks(ticking.api, log)) > seen + 20)
    assert_gapless(ticks(ticking.api, log))


@pytest.mark.injected("FLUSHALL, five times, while lines come and a build runs", "the build ends well, no line is lost")
def test_an_emptied_redis_loses_nothing(fleet: Fleet, ticking: Ticking) -> None:
    image = make_image(
        ticking.api,
        ticking.place["project"],
        slug="slow",
        dockerfile="FROM slipway/busybox:1\n" + "RUN for i in 1 2 3; do echo $i; sleep 0.5; done\n" * 4,
    )
    made = post(ticking.api, f"images/{image['id']}/builds/", {"no_cache": True}, status=202)
    with client_of(fleet) as client:
        for _ in range(5):
            client.flushall()
            time.sleep(1.5)
    assert get(ticking.api, f"builds/{made['id']}/", wait=60)["state"] == "succeeded"
    for row in ticking.settled():
        more_lines(ticking, row["log"])


@pytest.mark.injected("Redis gone for 8 s, back empty", "no process dies, what is asked for afterwards is done")
def test_redis_may_be_away(fleet: Fleet, ticking: Ticking) -> None:
    fleet.house.redis.stop()
    fleet.house.redis.forget()
    time.sleep(8)
    fleet.house.redis.start()
    assert ticking.deploy()["state"] == "succeeded"
    assert all(machine.is_up(part) for machine in fleet.machines for part in ("worker", "agent"))
    assert all(fleet.house.is_up(name) for name in ("web", "control"))
    for row in ticking.settled():
        more_lines(ticking, row["log"])


@pytest.mark.injected(
    "every answer of Redis held back for 8 s", "pages answer, within 10 s each, and what waits is done"
)
def test_a_redis_that_hangs_holds_up_no_page(fleet: Fleet, ticking: Ticking) -> None:
    with client_of(fleet) as client:
        client.execute_command("CLIENT", "PAUSE", 8000, "ALL")
    begun = time.monotonic()
    while time.monotonic() - begun < 8:
        asked = time.monotonic()
        get(ticking.api, "replicas/", service=ticking.service["id"])
        assert time.monotonic() - asked < 10
        time.sleep(0.3)
    assert ticking.deploy()["state"] == "succeeded"


@pytest.mark.injected(
    "the web server killed with -9 five times while somebody follows a log", "no line lost or doubled"
)
def test_a_follower_survives_the_web_servers_deaths(fleet: Fleet, ticking: Ticking) -> None:
    log = ticking.on("h1")["log"]
    numbers: list[int] = []
    over = threading.Event()

    def follow() -> None:
        while not over.is_set():
            after = numbers[-1] if numbers else 0
            words = {"after": str(after), "follow": "1"}
            accept = {"Accept": "application/x-ndjson"}
            try:
                with (
                    fleet.house.api() as api,
                    api.stream("GET", f"logs/{log}/lines/", params=words, headers=accept, timeout=5) as answer,
                ):
                    for text in answer.iter_lines():
                        row = json.loads(text)
                        if isinstance(row, list):
                            numbers.append(row[0])
                        if over.is_set():
                            return
            except (httpx.HTTPError, json.JSONDecodeError):
                time.sleep(0.2)

    reader = threading.Thread(target=follow, daemon=True)
    reader.start()
    for _ in range(5):
        time.sleep(2)
        fleet.house.kill("web")
        fleet.house.start("web")
        fleet.house.wait_ready()
    seen = len(numbers)
    wait_for("lines again", lambda: len(numbers) > seen + 20)
    over.set()
    reader.join(10)
    assert numbers == list(range(1, len(numbers) + 1))
    more_lines(ticking, log)


@pytest.mark.injected("the database held by BEGIN EXCLUSIVE for 12 s", "nothing is lost; what was asked for is done")
def test_a_locked_database_delays_and_loses_nothing(fleet: Fleet, ticking: Ticking) -> None:
    database = sqlite3.connect(fleet.house.home / "slipway.sqlite3", timeout=30, isolation_level=None)
    made = ticking.begin()
    database.execute("BEGIN EXCLUSIVE")
    time.sleep(12)
    database.execute("ROLLBACK")
    database.close()
    fleet.wait_ready(ticking.api)
    assert get(ticking.api, f"deployments/{made['id']}/", wait=60)["state"] == "succeeded"
    for row in ticking.settled():
        more_lines(ticking, row["log"])


@pytest.mark.injected("the control loop killed with -9 in the middle of a deployment", "the deployment ends well")
def test_the_control_loop_may_die(fleet: Fleet, ticking: Ticking) -> None:
    made = ticking.begin()
    fleet.house.kill("control", signal.SIGKILL)
    time.sleep(3)
    fleet.house.start("control")
    assert get(ticking.api, f"deployments/{made['id']}/", wait=60)["state"] == "succeeded"
    ticking.settled()


@pytest.mark.injected("every doorbell message of a deployment put back five times", "it is carried out once")
def test_a_doorbell_that_rings_again_does_nothing_twice(fleet: Fleet, ticking: Ticking) -> None:
    machine = fleet.machine("h1")
    machine.kill("worker")
    ticking.scale(4)
    with client_of(fleet) as client:
        queue = host_queue("h1")
        wait_for("the doorbell", lambda: client.llen(queue), every=0.05)
        messages = client.lrange(queue, 0, -1)
        for message in messages * 5:
            client.lpush(queue, message)
    machine.start("worker")
    ticking.settled(4)
    with client_of(fleet) as client:
        wait_for("every ring to be heard", lambda: not client.llen(queue))
        for message in messages:
            client.lpush(queue, message)
    time.sleep(3)
    ticking.settled(4)


@pytest.mark.injected(
    f"{CLIENTS} deployments of one service asked for at the same moment",
    "each is accepted or refused with the reason; each accepted one ends; one release serves",
)
def test_many_who_deploy_at_once_leave_one_release(fleet: Fleet, ticking: Ticking) -> None:
    gate = threading.Barrier(CLIENTS)

    def ask(_: int) -> httpx.Response:
        with fleet.house.api() as api:
            body = {"service": ticking.service["id"], "environment": ticking.environment["id"]}
            gate.wait(30)
            return api.post("deployments/", json={**body, "build": ticking.built["id"]})

    with ThreadPoolExecutor(CLIENTS) as hands:
        answers = list(hands.map(ask, range(CLIENTS)))
    assert {answer.status_code for answer in answers} <= {202, 409}, [answer.text for answer in answers]
    accepted = [answer.json()["id"] for answer in answers if answer.status_code == 202]
    assert accepted
    for one in accepted:
        assert get(ticking.api, f"deployments/{one}/", wait=60)["state"] in OVER
    assert len({row["release"] for row in ticking.settled()}) == 1


@pytest.mark.injected(
    "three containers that print as fast as they can for 20 s, each after a line of 5 MB",
    "other logs are whole, pages answer within 5 s, and no process of Slipway grows beyond 600 MB",
)
def test_a_flood_harms_nobody(fleet: Fleet, ticking: Ticking) -> None:
    project, environment = ticking.place["project"], ticking.environment
    image = make_image(ticking.api, project, slug="flood", dockerfile=FLOOD)
    made = build(ticking.api, image)
    service = make_service(ticking.api, project, image, slug="flood", replicas=3, stop_timeout=1)
    assert deploy(ticking.api, service, environment, build=made["id"])["state"] == "succeeded"
    begun = time.monotonic()
    while time.monotonic() - begun < 20:
        asked = time.monotonic()
        get(ticking.api, "replicas/", service=ticking.service["id"])
        assert time.monotonic() - asked < 5
        time.sleep(0.5)
    sizes = {name: memory_of(process.pid) for name, process in _processes(fleet).items()}
    ticking.api.delete(f"services/{service['id']}/").raise_for_status()
    assert max(sizes.values()) < 600 * 1024**2, sizes
    for row in ticking.settled():
        more_lines(ticking, row["log"])


def _processes(fleet: Fleet) -> dict[str, subprocess.Popen[bytes]]:
    """Every process of Slipway, on every machine."""
    return fleet.house.processes | {
        f"{machine.name} {part}": process for machine in fleet.machines for part, process in machine.processes.items()
    }


def memory_of(pid: int) -> int:
    """Bytes that the process holds in memory."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
