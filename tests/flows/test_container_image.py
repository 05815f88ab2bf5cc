"""From a running replica to an image of its files that is deployed in its turn, through the API, on real parts."""

import json

import httpx
import pytest

from tests.flows.house import House
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

pytestmark = pytest.mark.flow

CANARY = "canary-9d2e-secret-value"
PLAIN = "canary-77aa-variable"
WRITES = """FROM slipway/busybox:1
ENV MODE=of-the-image
RUN mkdir /data && echo before > /data/old
CMD ["sh", "-c", "echo after > /data/made; rm -f /data/old; echo x > /data/.env; exec sleep 600"]
"""


def ran(api: httpx.Client, place: Json) -> tuple[Json, Json]:
    """A service whose container was given a variable and a secret, and its replica."""
    image = make_image(api, place["project"], slug="writer", dockerfile=WRITES)
    built = build(api, image)
    secret = {"project": place["project"]["id"], "environment": place["dev"]["id"], "name": "PASSWORD", "value": CANARY}
    post(api, "secrets/", secret)
    service = make_service(api, place["project"], image, slug="writer", variables={"MODE": PLAIN}, stop_timeout=1)
    assert deploy(api, service, place["dev"], build=built["id"])["state"] == "succeeded"
    return built, replicas(api, service, place["dev"])[0]


def test_what_a_container_wrote_is_seen_kept_and_deployed_without_what_it_was_given(house: House) -> None:
    with house.api() as api:
        place = make_project(api, slug="keeps")
        base, replica = ran(api, place)
        given = house.docker("inspect", "-f", "{{json .Config.Env}}", replica["container"])
        assert CANARY in given and PLAIN in given

        seen = look(api, replica)
        assert {(one["kind"], one["path"]) for one in seen["changes"]} >= {
            ("added", "/data/made"),
            ("added", "/data/.env"),
            ("deleted", "/data/old"),
        }
        assert {one["path"]: one["size"] for one in seen["changes"]}["/data/made"] == 6
        assert [one["path"] for one in seen["changes"] if one["secret_like"]] == ["/data/.env"]

        wish = {"image": "kept", "author": "ann", "message": "as it was"}
        asked = post(api, f"replicas/{replica['id']}/image/", wish, status=202)
        kept = get(api, f"builds/{asked['id']}/", wait=60)
        assert kept["state"] == "succeeded", kept
        assert len(kept["layers"]) == len(base["layers"]) + 1
        told = house.docker("image", "inspect", kept["config_digest"]) + house.docker(
            "history", "--no-trunc", kept["config_digest"]
        )
        for secret in (CANARY, PLAIN, "PASSWORD"):
            assert secret not in told
            assert secret not in json.dumps(all_lines(api, kept["log"]))
        assert "MODE=of-the-image" in told and "as it was" in told
        assert house.docker("inspect", "-f", "{{.State.Status}}", replica["container"]).strip() == "running"

        image = get(api, f"images/{kept['image']}/")
        reader = make_service(
            api, place["project"], image, slug="reader",
            command=["sh", "-c", "cat /data/made; test -e /data/old || echo gone; echo mode $MODE; exec sleep 600"],
            stop_timeout=1,
        )  # fmt: skip
        assert deploy(api, reader, place["dev"], build=kept["id"])["state"] == "succeeded"
        log = replicas(api, reader, place["dev"])[0]["log"]
        expected = ["after", "gone", "mode of-the-image"]
        wait_for("what the kept files say", lambda: [line[3] for line in all_lines(api, log)][:3] == expected)


def test_a_container_that_was_replaced_is_not_kept_again(house: House) -> None:
    with house.api() as api:
        place = make_project(api, slug="gone")
        base, replica = ran(api, place)
        asked = post(api, f"replicas/{replica['id']}/image/", {"image": "kept"}, status=202)
        kept = get(api, f"builds/{asked['id']}/", wait=60)
        assert kept["state"] == "succeeded", kept
        service = {"id": replica["service"]}
        changed = api.patch(f"services/{service['id']}/", json={"variables": {"MODE": "another"}})
        assert changed.status_code == 200, changed.text
        assert deploy(api, service, place["dev"], build=base["id"])["state"] == "succeeded"
        refused = api.post(f"builds/{kept['id']}/retry/", json={})
        assert (refused.status_code, refused.json()["code"]) == (409, "build.container_gone")


def look(api: httpx.Client, replica: Json) -> Json:
    """What changed in its files, once the program has written them."""

    def seen() -> Json | None:
        asked = post(api, f"replicas/{replica['id']}/comparisons/", {}, status=202)
        told = get(api, f"comparisons/{asked['id']}/", wait=30)
        assert told["state"] == "succeeded", told
        return told if any(one["path"] == "/data/.env" for one in told["changes"]) else None

    found: Json | None = None

    def there() -> bool:
        nonlocal found
        found = seen()
        return found is not None

    wait_for("the files that it writes", there)
    assert found is not None
    return found
