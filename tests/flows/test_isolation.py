"""A service's secrets as files and its isolation, on real parts: from the API to what the program sees, and back."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from runtime.worker.secret_files import memory_root
from tests.flows.house import House, running_house
from tests.flows.own_engine import OwnEngine
from tests.flows.story import (
    Json,
    all_lines,
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

pytestmark = [pytest.mark.flow, pytest.mark.fault, pytest.mark.engine]

READER = """FROM slipway/busybox:1
CMD ["sh", "-c", "while true; do echo word $(cat /run/secrets/WORD) $WORD end; sleep 1; done"]
"""
VALUE = "hunter2222"


@pytest.fixture
def own_engine() -> Iterator[OwnEngine]:
    home = Path(tempfile.mkdtemp(prefix="slw-iso-", dir="/tmp"))  # a socket's path is short
    engine = OwnEngine(home=home, name=home.name)
    engine.make()
    try:
        engine.start()
        yield engine
    finally:
        engine.drop()


@pytest.fixture
def house(own_engine: OwnEngine) -> Iterator[House]:
    with running_house(own_engine.address) as running:
        yield running
        shutil.rmtree(_memory(running), ignore_errors=True)


def test_a_secret_is_a_file_that_comes_again_after_the_host_was_without_power(
    house: House, own_engine: OwnEngine
) -> None:
    with house.api() as api:
        place = make_project(api, slug="iso")
        post(api, "secrets/", {"project": place["project"]["id"], "name": "WORD", "value": VALUE})
        image = make_image(api, place["project"], slug="reader", dockerfile=READER)
        asked = {"profile": "hardened", "user": "1000:1000"}
        service = make_service(api, place["project"], image, slug="reader", isolation=asked, secret_files=["WORD"])
        deployed = deploy(api, service, place["dev"], build=build(api, image)["id"])
        assert deployed["state"] == "succeeded", deployed
        replica = _healthy(api, service, place["dev"])
        wait_for("a masked line", lambda: _said(api, replica["log"]))
        assert {line[3] for line in all_lines(api, replica["log"]) if line[2] == "o"} == {"word •••••• end"}
        assert VALUE not in house.docker("inspect", replica["container"])
        assert house.docker("exec", replica["container"], "cat", "/run/secrets/WORD") == VALUE
        assert _effective(api, replica) == ([], True, "1000:1000", 4096)

        own_engine.kill()
        shutil.rmtree(_memory(house))  # as the power takes it
        own_engine.start()
        wait_for(
            "the replica to run again",
            lambda: (
                [row["state"] for row in replicas(api, service, place["dev"])] == ["healthy"] and house.containers()
            ),
            seconds=60,
        )
        (container,) = house.containers()
        assert house.docker("exec", container, "cat", "/run/secrets/WORD") == VALUE

        answer = api.delete(f"services/{service['id']}/")
        assert answer.status_code == 204, answer.text
        wait_for("the secrets to be gone with the containers", lambda: not any(_memory(house).iterdir()), seconds=30)


def _memory(house: House) -> Path:
    found = memory_root(house.home / "worker")
    assert found is not None
    return found


def _healthy(api: httpx.Client, service: Json, environment: Json) -> Json:
    wait_for("a healthy replica", lambda: [one["state"] for one in replicas(api, service, environment)] == ["healthy"])
    return replicas(api, service, environment)[0]


def _said(api: httpx.Client, log: str) -> bool:
    return any(line[2] == "o" for line in all_lines(api, log))


def _effective(api: httpx.Client, replica: Json) -> tuple[list[str], bool, str, int]:
    wait_for("what it is held to", lambda: get(api, f"replicas/{replica['id']}/")["effective"])
    told = get(api, f"replicas/{replica['id']}/")["effective"]
    return told["capabilities"], told["read_only"], told["user"], told["nofile"]
