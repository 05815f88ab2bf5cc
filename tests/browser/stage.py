"""What tests of the pages find there already, made through the API."""

from dataclasses import dataclass
from typing import Any

from tests.flows.house import House
from tests.flows.story import Json, build, deploy, make_image, make_project, make_service, replicas

TICKER = """FROM slipway/busybox:1
CMD ["sh", "-c", "n=0; while true; do n=$((n+1)); echo tick $n; sleep 0.05; done"]
"""


@dataclass(frozen=True)
class Stage:
    """A project in which one container prints numbered lines."""

    team: Json
    project: Json
    dev: Json
    image: Json
    build: Json
    service: Json
    deployment: Json
    replica: Json


def set_stage(house: House, *, slug: str, **settings: Any) -> Stage:
    """A project of this name with a service `ticker` that runs in `dev`."""
    with house.api() as api:
        place = make_project(api, slug=slug)
        image = make_image(api, place["project"], slug="ticker", dockerfile=TICKER)
        built = build(api, image)
        service = make_service(api, place["project"], image, slug="ticker", replicas=1, **settings)
        done = deploy(api, service, place["dev"], build=built["id"])
        assert done["state"] == "succeeded", done
        replica = replicas(api, service, place["dev"])[0]
    return Stage(**place, image=image, build=built, service=service, deployment=done, replica=replica)
