"""Slipway's own registry with everything real: what was built goes there, and is fetched from there to run."""

import signal
import subprocess
from collections.abc import Iterator

import httpx
import pytest

from launch.registry import REGISTRY
from tests.flows.house import House, free_port
from tests.flows.story import FRONT, build, deploy, get, make_image, make_project, make_service, post
from tests.flows.waiting import wait_for

pytestmark = pytest.mark.flow


@pytest.fixture
def house(mortal_house: House) -> Iterator[House]:
    """Switched on after the first start, as `bin/up --registry` does."""
    house = mortal_house
    house.extra["SLIPWAY_REGISTRY"] = f"127.0.0.1:{free_port()}"
    for name in ("web", "control"):
        house.kill(name, signal.SIGTERM)
        house.start(name)
    config = house.manage("own_registry").strip()
    with (house.home / "registry.log").open("ab") as log:
        process = subprocess.Popen([REGISTRY, "serve", config], stdout=log, stderr=log)
    house.processes["registry"] = process
    house.wait_ready()
    try:
        yield house
    finally:
        if house.processes.pop("registry", None) is not None:
            process.terminate()
            process.wait(10)


def test_a_build_goes_there_by_itself_and_is_fetched_from_there_to_run(house: House) -> None:
    with house.api() as api:
        place = make_project(api, slug="away")
        image = make_image(api, place["project"], slug="front", dockerfile=FRONT, files={"index.html": "far away\n"})
        built = build(api, image)
        (push,) = built["pushes"]
        assert (built["state"], push["state"], push["tags"]) == ("succeeded", "succeeded", ["1"]), built
        assert built["digest"] == push["digest"] != built["config_digest"]

        house.docker("rmi", *_names_of(house, built["config_digest"]))
        with pytest.raises(subprocess.CalledProcessError):
            house.docker("image", "inspect", built["config_digest"])
        health = {"kind": "tcp", "port": 8080}
        service = make_service(
            api, place["project"], image, slug="front", ports=[{"container": 8080}], health=health, replicas=1
        )
        deployed = deploy(api, service, place["dev"], build=built["id"])
        assert deployed["state"] == "succeeded", deployed
        (container,) = house.containers()
        assert house.docker("inspect", "-f", "{{.Image}}", container).strip() == built["config_digest"]
        pulled = [step["name"] for step in deployed["steps"] if step["name"].startswith("Pull the image")]
        assert pulled == [f"Pull the image from {house.extra['SLIPWAY_REGISTRY']}"]
        _nobody_else_is_let_in(house, push)


def test_with_the_registry_away_a_build_stands_and_is_pushed_when_it_is_back(house: House) -> None:
    house.kill("registry", signal.SIGTERM)
    with house.api() as api:
        place = make_project(api, slug="later")
        image = make_image(api, place["project"], slug="front", dockerfile=FRONT, files={"index.html": "later\n"})
        built = build(api, image)
        (push,) = built["pushes"]
        assert (built["state"], push["state"]) == ("succeeded", "failed"), built
        assert push["error"]["code"] == "registry_unreachable"
        with (house.home / "registry.log").open("ab") as log:
            config = str(house.home / "registry" / "config.yml")
            house.processes["registry"] = subprocess.Popen([REGISTRY, "serve", config], stdout=log, stderr=log)
        wait_for("the registry answers", lambda: _answers(house), seconds=20)
        again = post(api, f"pushes/{push['id']}/retry/", {}, status=202)
        assert get(api, f"pushes/{again['id']}/", wait=30)["state"] == "succeeded"
        house.kill("registry", signal.SIGTERM)


def _names_of(house: House, image: str) -> list[str]:
    return house.docker("image", "inspect", "-f", '{{join .RepoTags " "}}', image).split()


def _answers(house: House) -> bool:
    try:
        return httpx.get(f"http://{house.extra['SLIPWAY_REGISTRY']}/v2/", timeout=2).status_code == 401
    except httpx.HTTPError:
        return False


def _nobody_else_is_let_in(house: House, push: dict[str, str]) -> None:
    where, _, name = push["repository"].partition("/")
    manifest = f"http://{where}/v2/{name}/manifests/{push['digest']}"
    assert httpx.get(manifest, timeout=5).status_code == 401
    asked = httpx.get(
        f"{house.url}/registry/token/", params={"scope": f"repository:{name}:pull"}, auth=("token", house.token)
    )
    assert asked.status_code == 200, asked.text
    proof = {"Authorization": f"Bearer {asked.json()['token']}"}
    accept = {"Accept": "application/vnd.docker.distribution.manifest.v2+json"}
    assert httpx.get(manifest, headers=proof | accept, timeout=5).status_code == 200
    assert httpx.delete(manifest, headers=proof, timeout=5).status_code in (401, 405)
