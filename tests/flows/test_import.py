"""What was exported comes in again through the web server and a worker as the same image, and runs."""

import gzip
import io
import tarfile

import httpx
import pytest

from tests.flows.house import House
from tests.flows.story import Json, build, get, make_image, make_project, post
from tests.flows.test_faults import worker_dies_at, worker_is_replaced
from tests.procedures.saved import IMAGE_ID, docker, packed

pytestmark = [pytest.mark.flow, pytest.mark.fault]

DOCKERFILE = "FROM slipway/busybox:1\nRUN dd if=/dev/urandom of=/noise bs=1024 count=5000\nCMD sleep 60\n"


def exported(api: httpx.Client, made: Json, layout: str) -> bytes:
    asked = post(api, f"builds/{made['id']}/exports/", {"layout": layout}, status=202)
    assert get(api, f"exports/{asked['id']}/", wait=60)["state"] == "ready"
    return api.get(f"exports/{asked['id']}/archive/").content


def imported(api: httpx.Client, project: Json, data: bytes, *, slug: str) -> Json:
    """The image that is defined by this archive, sent by a program."""
    sent = api.post(
        f"projects/{project['id']}/uploads/?name={slug}.tar",
        content=data,
        headers={"Content-Type": "application/octet-stream"},
    )
    assert sent.status_code in (200, 201), sent.text
    source = {"kind": "saved", "upload": sent.json()["id"]}
    return post(api, "images/", {"project": project["id"], "slug": slug, "source": source})


def test_an_export_is_imported_as_the_same_image_in_both_layouts(mortal_house: House) -> None:
    house = mortal_house
    with house.api() as api:
        project = make_project(api, slug="import")["project"]
        made = build(api, make_image(api, project, slug="front", dockerfile=DOCKERFILE))
        archives = {layout: exported(api, made, layout) for layout in ("docker", "oci")}
        archives["zipped"] = gzip.compress(archives["oci"], mtime=0)
        name = house.docker("image", "inspect", "-f", "{{index .RepoTags 0}}", made["config_digest"]).strip()
        house.docker("rmi", name)
        for slug, data in archives.items():
            again = build(api, imported(api, project, data, slug=slug))
            assert again["state"] == "succeeded", again
            assert again["config_digest"] == made["config_digest"]
            assert [one["digest"] for one in again["layers"]] == [one["digest"] for one in made["layers"]]
            tags = house.docker("image", "inspect", "-f", "{{.RepoTags}}", made["config_digest"])
            assert name not in tags and f"import/{slug}:1-" in tags
        assert not list((house.home / "worker" / "jobs").rglob("load-*"))


def test_a_worker_killed_while_it_loads_takes_it_in_once(mortal_house: House) -> None:
    house = mortal_house
    with house.api() as api:
        project = make_project(api, slug="importkill")["project"]
        image = imported(api, project, packed(docker()), slug="small")
        worker_dies_at(house, "Load the image")
        queued = post(api, f"images/{image['id']}/builds/", {}, status=202)
        worker_is_replaced(house)
        over = get(api, f"builds/{queued['id']}/", wait=60)
        assert (over["state"], over["config_digest"]) == ("succeeded", IMAGE_ID), over
        assert not list((house.home / "worker" / "jobs").rglob("load-*"))


def test_what_is_no_image_fails_with_the_reason(mortal_house: House) -> None:
    kept = io.BytesIO()
    with tarfile.open(fileobj=kept, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("Dockerfile"))
    with mortal_house.api() as api:
        project = make_project(api, slug="importbad")["project"]
        over = build(api, imported(api, project, kept.getvalue(), slug="bad"))
        assert (over["state"], over["error"]["code"]) == ("failed", "image_refused")
        assert "It holds no image" in over["error"]["message"]
