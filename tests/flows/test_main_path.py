"""From a Dockerfile to running containers, through the API, on real parts."""

import httpx
import pytest

from tests.flows.house import House
from tests.flows.story import (
    FRONT,
    TICKER,
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

pytestmark = pytest.mark.flow


def test_a_dockerfile_becomes_two_healthy_replicas_that_serve(house: House) -> None:
    with house.api() as api:
        place = make_project(api, slug="web")
        image = make_image(
            api, place["project"], slug="front", dockerfile=FRONT, files={"index.html": "hello from slipway\n"}
        )
        built = build(api, image)
        assert built["state"] == "succeeded", built
        assert built["digest"].startswith("sha256:") and built["size"] > 0 and built["layers"]
        assert {step["state"] for step in built["steps"]} == {"succeeded"}
        assert house.docker("image", "inspect", "-f", "{{.Id}}", built["digest"]).strip() == built["digest"]

        service = make_service(
            api,
            place["project"],
            image,
            slug="front",
            ports=[{"container": 8080}],
            health={"kind": "tcp", "port": 8080},
            limits={"memory": "64m", "cpus": 0.5, "pids": 50},
            replicas=2,
        )
        deployed = deploy(api, service, place["dev"], build=built["id"])
        assert deployed["state"] == "succeeded", deployed

        wait_for(
            "two healthy replicas with a port",
            lambda: [r["state"] for r in replicas(api, service, place["dev"]) if r["ports"]] == ["healthy", "healthy"],
        )
        for replica in replicas(api, service, place["dev"]):
            port = replica["ports"][0]
            answer = httpx.get(f"http://{port['address']}:{port['host']}/index.html", timeout=5)
            assert answer.text == "hello from slipway\n"
            running = house.docker("inspect", "-f", "{{.Image}} {{.HostConfig.Memory}} {{.HostConfig.PidsLimit}}",
                             replica["container"]).split()  # fmt: skip
            assert running == [built["digest"], str(64 * 1024 * 1024), "50"]

        lines = all_lines(api, deployed["log"])
        assert lines
        assert_dense(lines)


def test_the_build_log_arrives_numbered_and_names_its_steps(house: House) -> None:
    with house.api() as api:
        place = make_project(api, slug="steps")
        image = make_image(api, place["project"], slug="front", dockerfile=FRONT, files={"index.html": "x"})
        built = build(api, image, no_cache=True)
        lines = all_lines(api, built["log"])
        assert_dense(lines)
        assert any(line[3].endswith("two") for line in lines)
        assert any("RUN echo one" in step["name"] for step in built["steps"])


def test_a_failing_build_shows_its_step_and_last_lines(house: House) -> None:
    with house.api() as api:
        place = make_project(api, slug="broken")
        image = make_image(
            api,
            place["project"],
            slug="broken",
            dockerfile="FROM slipway/busybox:1\nRUN echo before the fall && exit 3\n",
        )
        built = build(api, image)
        assert built["state"] == "failed"
        assert built["error"]["whose"] == "user"
        assert any("before the fall" in line for line in built["error"]["evidence"])
        failed = [step for step in built["steps"] if step["state"] == "failed"]
        assert len(failed) == 1 and "exit 3" in failed[0]["name"]


def test_a_build_is_cancelled_within_three_seconds(house: House) -> None:
    with house.api() as api:
        place = make_project(api, slug="slow")
        image = make_image(
            api, place["project"], slug="slow", dockerfile="FROM slipway/busybox:1\nRUN echo begun && sleep 120\n"
        )
        made = post(api, f"images/{image['id']}/builds/", {"no_cache": True}, status=202)
        wait_for("the step to begin", lambda: any("begun" in line[3] for line in all_lines(api, made["log"])))
        post(api, f"builds/{made['id']}/cancellation/", {}, status=202)
        over = get(api, f"builds/{made['id']}/", wait=3)
        assert over["state"] == "cancelled"


def test_a_container_log_outlives_its_container(house: House) -> None:
    with house.api() as api:
        place = make_project(api, slug="tick")
        image = make_image(api, place["project"], slug="ticker", dockerfile=TICKER)
        built = build(api, image)
        service = make_service(api, place["project"], image, slug="ticker", replicas=1)
        deploy(api, service, place["dev"], build=built["id"])
        replica = replicas(api, service, place["dev"])[0]
        wait_for("ten lines", lambda: len(all_lines(api, replica["log"])) >= 10)
        house.docker("rm", "-f", replica["container"])
        lines = all_lines(api, replica["log"])
        assert_dense(lines)
        assert [line[3] for line in lines[:10]] == [f"tick {n}" for n in range(1, 11)]
        assert len({line[3] for line in lines if line[3].startswith("tick")}) >= 10


def test_a_container_that_dies_shows_within_five_seconds(house: House) -> None:
    with house.api() as api:
        place = make_project(api, slug="mortal")
        image = make_image(
            api,
            place["project"],
            slug="mortal",
            dockerfile='FROM slipway/busybox:1\nCMD ["sh", "-c", "sleep 3; exit 7"]\n',
        )
        built = build(api, image)
        service = make_service(api, place["project"], image, slug="mortal", replicas=1, restart={"policy": "no"})
        assert deploy(api, service, place["dev"], build=built["id"])["state"] == "succeeded"
        wait_for(
            "exit code 7 is shown",
            lambda: [r["exit_code"] for r in replicas(api, service, place["dev"])] == [7],
            seconds=8,
        )
        assert replicas(api, service, place["dev"])[0]["state"] == "stopped"


def test_an_unhealthy_release_never_replaces_a_healthy_one_and_rollback_is_a_deployment(house: House) -> None:
    with house.api() as api:
        place = make_project(api, slug="safe")
        image = make_image(api, place["project"], slug="front", dockerfile=FRONT, files={"index.html": "good"})
        good = build(api, image)
        health = {"kind": "tcp", "port": 8080, "deadline": 4}
        service = make_service(
            api, place["project"], image, slug="front", replicas=1, ports=[{"container": 8080}], health=health
        )
        first = deploy(api, service, place["dev"], build=good["id"])
        assert first["state"] == "succeeded"
        before = replicas(api, service, place["dev"])[0]

        bad_source = {
            "kind": "dockerfile",
            "dockerfile": 'FROM slipway/busybox:1\nCMD ["sleep", "1000"]\n',
            "files": {},
        }
        changed = api.patch(f"images/{image['id']}/", json={"source": bad_source})
        assert changed.status_code == 200, changed.text
        bad = build(api, image)
        second = deploy(api, service, place["dev"], build=bad["id"])
        assert second["state"] == "rolled_back", second
        assert second["error"]["message"]
        wait_for(
            "the first container serves again",
            lambda: (
                [r["container"] for r in replicas(api, service, place["dev"]) if r["state"] == "healthy"]
                == [before["container"]]
            ),
        )

        scaled = post(
            api, f"services/{service['id']}/scale/", {"environment": place["dev"]["id"], "replicas": 2}, status=202
        )
        assert get(api, f"deployments/{scaled['id']}/", wait=60)["state"] == "succeeded"
        wait_for("two replicas", lambda: len(replicas(api, service, place["dev"])) == 2)
        better = {"kind": "dockerfile", "dockerfile": FRONT, "files": {"index.html": "better"}}
        assert api.patch(f"images/{image['id']}/", json={"source": better}).status_code == 200
        third = deploy(api, service, place["dev"], build=build(api, image)["id"])
        assert third["state"] == "succeeded"
        back = post(api, f"deployments/{third['id']}/rollback/", {}, status=202)
        done = get(api, f"deployments/{back['id']}/", wait=60)
        assert done["state"] == "succeeded"
        assert done["digest"] == good["digest"]
