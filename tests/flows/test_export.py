"""An image leaves as an archive and comes back as the same image, also when the worker dies on the way."""

import hashlib
import io
import json
import tarfile
from typing import Any

import httpx
import pytest

from tests.flows.house import House
from tests.flows.story import Json, build, get, make_image, make_project, post
from tests.flows.test_faults import worker_dies_at, worker_is_replaced

pytestmark = [pytest.mark.flow, pytest.mark.fault]

DOCKERFILE = "FROM slipway/busybox:1\nRUN dd if=/dev/urandom of=/noise bs=1024 count=5000\n"  # more than one piece


def exported(api: httpx.Client, made: Json, layout: str) -> Json:
    asked = post(api, f"builds/{made['id']}/exports/", {"layout": layout}, status=202)
    return get(api, f"exports/{asked['id']}/", wait=60)


def kept(house: House) -> list[str]:
    return sorted(path.name for path in (house.home / "exports").iterdir())


def config_of(data: bytes) -> str:
    """The digest of the configuration that the layout's index leads to."""
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:

        def read(name: str) -> Any:
            member = archive.extractfile(name)
            assert member is not None
            return json.loads(member.read())

        (entry,) = read("index.json")["manifests"]
        return str(read("blobs/" + entry["digest"].replace(":", "/"))["config"]["digest"])


def test_a_worker_killed_while_it_exports_leaves_one_whole_archive_and_no_half_one(mortal_house: House) -> None:
    house = mortal_house
    with house.api() as api:
        place = make_project(api, slug="export")
        made = build(api, make_image(api, place["project"], slug="front", dockerfile=DOCKERFILE))
        for step in ("Send the archive", "Sum up"):
            worker_dies_at(house, step)
            asked = post(api, f"builds/{made['id']}/exports/", {"layout": "oci"}, status=202)
            worker_is_replaced(house)
            over = get(api, f"exports/{asked['id']}/", wait=60)
            assert over["state"] == "ready", over
            assert kept(house) == [f"{asked['id']}.tar"]
            data = api.get(f"exports/{asked['id']}/archive/").content
            rest = api.get(f"exports/{asked['id']}/archive/", headers={"Range": "bytes=1000-"})
            assert f"sha256:{hashlib.sha256(data).hexdigest()}" == over["digest"] and len(data) == over["size"]
            assert (rest.status_code, rest.content) == (206, data[1000:])
            assert config_of(data) == made["config_digest"]
            post(api, f"exports/{asked['id']}/cancellation/", {}, status=202)
            assert kept(house) == []
        assert exported(api, made, "docker")["state"] == "ready"
