"""Data goes where its replica goes, between two engines; a worker that dies on the way leaves one whole of it."""

import gzip
import subprocess
import tarfile
from collections.abc import Iterator
from io import BytesIO

import httpx
import pytest

from tests.flows.house import House, running_house
from tests.flows.second_host import SecondHost, second_host
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
from tests.flows.test_faults import worker_dies_at, worker_is_replaced
from tests.flows.waiting import wait_for

pytestmark = [pytest.mark.flow, pytest.mark.fault, pytest.mark.engine]

HEARD_SECONDS = 60
COUNTING = """FROM slipway/busybox:1
CMD ["sh", "-c", "echo once >> /data/starts; echo starts $(wc -l < /data/starts); exec sleep 3600"]
"""
MOUNTS = [{"name": "data", "path": "/data"}]


@pytest.fixture
def house(engine: str) -> Iterator[House]:
    with running_house(engine) as running:
        yield running


@pytest.fixture
def second(house: House) -> Iterator[SecondHost]:
    with second_host(house, "second") as host:
        host.start()
        yield host


def carry_image(house: House, second: SecondHost, image_id: str) -> None:
    """As a registry would: the second engine holds it too."""
    save = ["docker", "-H", house.engine, "save", image_id]
    saved = subprocess.run(save, capture_output=True, check=True, timeout=60)
    load = ["docker", "-H", second.engine.address, "load"]
    subprocess.run(load, input=saved.stdout, capture_output=True, check=True, timeout=60)


def says(api: httpx.Client, replica: Json, text: str) -> None:
    wait_for(f"it to say: {text}", lambda: text in [line[3] for line in all_lines(api, replica["log"])], seconds=30)


def moved(api: httpx.Client, replica: Json, host: str) -> Json:
    """The move once it is over. A host tells which images it holds every few seconds."""
    answers: list[httpx.Response] = []

    def taken() -> bool:
        answers.append(api.post(f"replicas/{replica['id']}/move/", json={"host": host}))
        assert answers[-1].status_code in (202, 422), answers[-1].text
        return answers[-1].status_code == 202

    wait_for("the move to be planned", taken, seconds=HEARD_SECONDS)
    return get(api, f"deployments/{answers[-1].json()['id']}/", wait=60)


def test_a_replica_moves_with_its_data_and_a_backup_brings_it_back(house: House, second: SecondHost) -> None:
    with house.api() as api:
        place = make_project(api, slug="moving")
        dev = place["dev"]
        wait_for("the second host", lambda: get(api, f"hosts/{second.row['id']}/")["state"] == "ready", seconds=60)
        image = make_image(api, place["project"], slug="counting", dockerfile=COUNTING)
        done = build(api, image)
        carry_image(house, second, done["config_digest"])
        api.patch(f"environments/{dev['id']}/", json={"hosts": ["local", "second"]}).raise_for_status()
        service = make_service(api, place["project"], image, slug="counting", replicas=1, volumes=MOUNTS)
        first = deploy(api, service, dev, build=done["id"])
        assert first["state"] == "succeeded", first
        (replica,) = replicas(api, service, dev)
        says(api, replica, "starts 1")
        source, target = replica["host"], "second" if replica["host"] == "local" else "local"

        if source == "local":
            worker_dies_at(house, "Send what is in it")
        asked = api.post(f"replicas/{replica['id']}/move/", json={"host": target})
        if asked.status_code == 202 and source == "local":
            worker_is_replaced(house)
            over = get(api, f"deployments/{asked.json()['id']}/", wait=60)
        else:
            house.extra.pop("SLIPWAY_FAULT", None)
            house.kill("worker")
            house.start("worker")
            over = moved(api, replica, target)
        assert over["state"] == "succeeded", over
        (there,) = replicas(api, service, dev)
        assert there["host"] == target
        says(api, there, "starts 2")

        volume = next(row for row in get(api, "volumes/", project=place["project"]["id"])["results"] if row["active"])
        assert volume["host"] == target
        asked_backup = post(api, f"volumes/{volume['id']}/backups/", {"quiesce": "stop"}, status=202)
        backup = get(api, f"backups/{asked_backup['id']}/", wait=60)
        assert backup["state"] == "ready", backup
        data = gzip.decompress(api.get(f"backups/{backup['id']}/archive/").content)
        with tarfile.open(fileobj=BytesIO(data)) as archive:
            file = archive.extractfile("volume/starts")
            assert file is not None and file.read() == b"once\nonce\n"
        says(api, there, "starts 3")  # it was stopped, and goes on

        restored = post(api, f"volumes/{volume['id']}/restoration/", {"backup": backup["id"]}, status=202)
        over = get(api, f"deployments/{restored['id']}/", wait=60)
        assert over["state"] == "succeeded", over
        (fresh,) = replicas(api, service, dev)
        wait_for("the backup's data to go on", lambda: "starts 3" in _texts(api, fresh), seconds=30)
        assert "starts 4" not in _texts(api, fresh)


def _texts(api: httpx.Client, replica: Json) -> list[str]:
    return [line[3] for line in all_lines(api, replica["log"])]
