"""From a service's host name to the answer of its container, through everything: nothing is lost on the way."""

import os
import signal
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from benchmarks.load import Load
from tests.certificates.given import made
from tests.edge.traffic import traffic
from tests.flows.house import House, free_port, running_house
from tests.flows.story import Json, build, deploy, get, make_image, make_project, make_service, post, replicas
from tests.flows.waiting import wait_for

pytestmark = [pytest.mark.flow, pytest.mark.engine]

SHOP = "shop.example.com"
NAMED = """FROM slipway/busybox:1
RUN mkdir -p /www && echo {name} > /www/index.html
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
"""
RATE = 100.0  # of each of two loads


@pytest.fixture(scope="module")
def edged(engine: str) -> Iterator[House]:
    """A running Slipway whose host has an edge."""
    with running_house(engine, extra={"SLIPWAY_EDGE": f"{free_port()},{free_port()}"}) as running:
        running.start("edge")
        with running.api() as api:
            wait_for("the host to tell of its edge", lambda: edge_of(api) is not None, seconds=30)
        yield running


def edge_of(api: httpx.Client) -> Json | None:
    facts = get(api, "hosts/")["results"][0]["engine"]
    found: Json | None = facts.get("edge") if facts else None
    return found if found and found["answers"] else None


def ports(house: House) -> tuple[int, int]:
    http, https = house.extra["SLIPWAY_EDGE"].split(",")
    return int(http), int(https)


def ask(house: House, host: str = SHOP) -> str:
    answer = httpx.get(f"http://127.0.0.1:{ports(house)[0]}/", headers={"Host": host}, timeout=30)
    return answer.text.strip() if answer.status_code == httpx.codes.OK else str(answer.status_code)


def http(host: str = SHOP, **more: object) -> Json:
    return {"port": 8080, "routes": [{"host": host}], "drain": 20, **more}


HEALTH = {"kind": "http", "port": 8080, "path": "/", "minimum_healthy": 0.2}


def named(api: httpx.Client, image: Json, name: str) -> str:
    source = {"kind": "dockerfile", "dockerfile": NAMED.format(name=name), "files": {}}
    assert api.patch(f"images/{image['id']}/", json={"source": source}).status_code == 200
    done = build(api, image)
    assert done["state"] == "succeeded", done
    return str(done["id"])


def test_rollouts_a_rollback_and_scaling_down_lose_no_request(edged: House) -> None:
    with edged.api() as api:
        place = make_project(api, slug="shop")
        image = make_image(api, place["project"], slug="front", dockerfile=NAMED.format(name="none"))
        service = make_service(
            api, place["project"], image, slug="front", http=http(), health=HEALTH, replicas=2, stop_timeout=1
        )
        first = deploy(api, service, place["dev"], build=named(api, image, "one"))
        assert first["state"] == "succeeded", first
        assert ask(edged) == "one"
        (address,) = replicas(api, service, place["dev"])[0]["addresses"]
        assert address == f"http://{SHOP}:{ports(edged)[0]}"
        loads = [
            Load(address="127.0.0.1", port=ports(edged)[0], host=SHOP, rate=RATE, keep_alive=kept)
            for kept in (True, False)
        ]
        builds = [named(api, image, name) for name in ("two", "three", "four")]
        with traffic(*loads) as counts:
            for made_by in builds:
                done = deploy(api, service, place["dev"], build=made_by)
                assert done["state"] == "succeeded", done
            back = post(api, f"deployments/{done['id']}/rollback/", {}, status=202)
            assert get(api, f"deployments/{back['id']}/", wait=60)["state"] == "succeeded"
            asked = {"environment": place["dev"]["id"], "replicas": 1}
            scaled = post(api, f"services/{service['id']}/scale/", asked, status=202)
            assert get(api, f"deployments/{scaled['id']}/", wait=60)["state"] == "succeeded"
            time.sleep(0.5)
        for count in counts:
            assert count.lost == []
            assert set(count.bodies) == {"one", "two", "three", "four"}
        assert ask(edged) == "three"


def test_what_dies_gets_no_request_and_a_killed_proxy_is_back_by_itself(edged: House) -> None:
    host = "mortal.example.com"
    with edged.api() as api:
        place = make_project(api, slug="mortal")
        image = make_image(api, place["project"], slug="front", dockerfile=NAMED.format(name="up"))
        service = make_service(
            api,
            place["project"],
            image,
            slug="front",
            http=http(host),
            health=HEALTH,
            replicas=2,
            restart={"policy": "no"},
        )
        assert deploy(api, service, place["dev"], build=build(api, image)["id"])["state"] == "succeeded"
        victim = replicas(api, service, place["dev"])[0]["container"]
        edged.docker("kill", victim)
        time.sleep(1.0)
        began = time.monotonic()
        assert {ask(edged, host) for _ in range(20)} == {"up"}
        assert time.monotonic() - began < 5.0
        edge = edged.processes["edge"].pid
        children = Path(f"/proc/{edge}/task/{edge}/children").read_text().split()
        (caddy,) = (int(child) for child in children)
        os.kill(caddy, signal.SIGKILL)

        def is_back() -> bool:
            try:
                return ask(edged, host) == "up"
            except httpx.HTTPError:
                return False

        wait_for("the proxy to be back", is_back, seconds=15)


def test_a_certificate_that_was_brought_is_shown_and_a_newer_one_comes_by_itself(edged: House) -> None:
    host = "secure.example.com"
    with edged.api() as api:
        place = make_project(api, slug="secure")
        project = place["project"]
        image = make_image(api, project, slug="front", dockerfile=NAMED.format(name="secret"))
        service = make_service(api, project, image, slug="front", http=http(host, tls="own"), health=HEALTH)
        made_by = build(api, image)["id"]
        body = {"service": service["id"], "environment": place["dev"]["id"], "build": made_by}
        refused = api.post("deployments/", json=body)
        assert refused.status_code == 422 and "No certificate" in refused.text
        first, second = made(host), made("*.example.com", host)
        bring(api, project, first.chain, first.key)
        assert deploy(api, service, place["dev"], build=made_by)["state"] == "succeeded"
        assert shown(edged, host) == first.chain
        assert ask(edged, host) == "308"
        bring(api, project, second.chain, second.key)
        wait_for("the newer certificate", lambda: shown(edged, host) == second.chain, seconds=30)


def bring(api: httpx.Client, project: Json, chain: str, key: str) -> None:
    post(api, f"projects/{project['id']}/certificates/", {"name": "own", "chain": chain, "key": key})


def shown(house: House, host: str) -> str:
    """The certificate that the edge shows, as PEM."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    plain = socket.create_connection(("127.0.0.1", ports(house)[1]), timeout=10)
    with context.wrap_socket(plain, server_hostname=host) as secure:
        return ssl.DER_cert_to_PEM_cert(secure.getpeercert(binary_form=True) or b"")
