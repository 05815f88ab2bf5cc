"""What is killed, restarted or lost while it works, and what must hold afterwards."""

import time
from functools import partial

import httpx
import pytest

from tests.flows.house import House
from tests.flows.story import (
    FRONT,
    TICKER,
    Json,
    all_lines,
    assert_dense,
    build,
    deploy,
    get,
    make_image,
    make_project,
    make_service,
    post,
    replicas,
)
from tests.flows.waiting import wait_for

pytestmark = [pytest.mark.flow, pytest.mark.fault]

TERMINAL_SECONDS = 60
SLOW_BUILD = "FROM slipway/busybox:1\n" + "".join(
    f"RUN for i in 1 2 3 4 5; do echo {letter} $i; sleep 0.3; done\n" for letter in "abcd"
)


def settled(api: httpx.Client, path: str) -> Json:
    """The build or deployment once it is over; it must be over within a minute."""
    over = get(api, path, wait=TERMINAL_SECONDS)
    assert over["state"] in {"succeeded", "failed", "cancelled", "rolled_back"}, over
    return over


def worker_dies_at(house: House, step: str) -> None:
    """Restart the worker so that it kills itself with -9 when this step begins."""
    house.kill("worker")
    house.extra["SLIPWAY_FAULT"] = f"kill:{step}"
    house.start("worker")


def worker_is_replaced(house: House) -> None:
    """Wait for that death, then start a worker that lives."""
    wait_for("the worker to die", lambda: not house.is_up("worker"), seconds=TERMINAL_SECONDS)
    house.processes.pop("worker")
    del house.extra["SLIPWAY_FAULT"]
    house.start("worker")


def test_a_worker_killed_at_any_step_of_a_build_leaves_one_image_and_a_dense_log(mortal_house: House) -> None:
    house = mortal_house
    with house.api() as api:
        place = make_project(api, slug="kill")
        image = make_image(api, place["project"], slug="front", dockerfile=FRONT, files={"index.html": "x"})
        build(api, image)  # the first one on a host makes the base image; its steps come only once
        names = [step["name"] for step in build(api, image, no_cache=True)["steps"]]
        assert len(names) >= 3
        for name in names:
            worker_dies_at(house, name)
            made = post(api, f"images/{image['id']}/builds/", {"no_cache": True}, status=202)
            worker_is_replaced(house)
            over = settled(api, f"builds/{made['id']}/")
            assert over["state"] == "succeeded", (name, over)
            lines = all_lines(api, made["log"])
            assert_dense(lines)
            assert any("is lost" in line[3] and line[2] == "s" for line in lines), "the log tells it"


def test_a_worker_killed_at_any_step_of_a_deployment_leaves_exactly_what_was_wanted(mortal_house: House) -> None:
    house = mortal_house
    with house.api() as api:
        place = make_project(api, slug="kill")
        image = make_image(api, place["project"], slug="front", dockerfile=FRONT, files={"index.html": "x"})
        built = build(api, image)
        service = make_service(
            api,
            place["project"],
            image,
            slug="front",
            replicas=2,
            ports=[{"container": 8080}],
            health={"kind": "tcp", "port": 8080},
        )
        deploy(api, service, place["dev"], build=built["id"])
        names = [step["name"] for step in deploy(api, service, place["dev"], build=built["id"])["steps"]]
        for name in dict.fromkeys(names):
            worker_dies_at(house, name)
            body = {"service": service["id"], "environment": place["dev"]["id"], "build": built["id"]}
            made = post(api, "deployments/", body, status=202)
            worker_is_replaced(house)
            over = settled(api, f"deployments/{made['id']}/")
            assert over["state"] == "succeeded", (name, over)
            wait_for(
                f"two healthy replicas after a death at {name!r}",
                lambda: [r["state"] for r in replicas(api, service, place["dev"])] == ["healthy", "healthy"],
            )
            assert len({r["index"] for r in replicas(api, service, place["dev"])}) == 2
            assert len(house.containers()) == 2


def test_redis_may_restart_empty_while_a_build_runs(mortal_house: House) -> None:
    house = mortal_house
    with house.api() as api:
        place = make_project(api, slug="redis")
        image = make_image(api, place["project"], slug="slow", dockerfile=SLOW_BUILD)
        made = post(api, f"images/{image['id']}/builds/", {"no_cache": True}, status=202)
        wait_for("the build to talk", lambda: any(line[3].endswith("a 2") for line in all_lines(api, made["log"])))
        house.redis.stop()
        house.redis.forget()
        time.sleep(5)
        house.redis.start()
        over = settled(api, f"builds/{made['id']}/")
        assert over["state"] == "succeeded", over
        lines = all_lines(api, made["log"])
        assert_dense(lines)
        for letter in "abcd":
            for number in range(1, 6):
                said = [line for line in lines if line[3].endswith(f"{letter} {number}")]
                assert len(said) == 1, f"{letter} {number} is there {len(said)} times"
        assert all(house.is_up(name) for name in house.processes), "no process died of it"
        again = build(api, image, no_cache=True)
        assert again["state"] == "succeeded", "the doorbell rings again"


def test_a_killed_agent_loses_no_line_and_doubles_none(mortal_house: House) -> None:
    house = mortal_house
    with house.api() as api:
        place = make_project(api, slug="agent")
        image = make_image(api, place["project"], slug="ticker", dockerfile=TICKER)
        built = build(api, image)
        service = make_service(api, place["project"], image, slug="ticker", replicas=1)
        deploy(api, service, place["dev"], build=built["id"])
        log = replicas(api, service, place["dev"])[0]["log"]
        wait_for("some lines", lambda: len(all_lines(api, log)) >= 5)
        for _ in range(3):
            house.kill("agent")
            time.sleep(0.7)
            house.start("agent")
            wanted = len(all_lines(api, log)) + 5
            wait_for("more lines", partial(_has_lines, api, log, wanted))
        lines = all_lines(api, log)
        assert_dense(lines)
        assert [line[3] for line in lines] == [f"tick {n}" for n in range(1, len(lines) + 1)]


def test_the_web_server_and_the_control_loop_may_die(mortal_house: House) -> None:
    house = mortal_house
    with house.api() as api:
        place = make_project(api, slug="web")
        image = make_image(api, place["project"], slug="slow", dockerfile=SLOW_BUILD)
        made = post(api, f"images/{image['id']}/builds/", {"no_cache": True}, status=202)
        wait_for("the build to talk", lambda: len(all_lines(api, made["log"])) > 3)
        house.kill("web")
        house.kill("control")
        time.sleep(2)
        house.start("web", "control")
        house.wait_ready()
        over = settled(api, f"builds/{made['id']}/")
        assert over["state"] == "succeeded"
        assert_dense(all_lines(api, made["log"]))


def _has_lines(api: httpx.Client, log: str, wanted: int) -> bool:
    return len(all_lines(api, log)) >= wanted
