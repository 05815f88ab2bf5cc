"""One fleet for all tests of a file; each has a project of its own, and leaves every host ready."""

from collections.abc import Iterator

import httpx
import pytest

from tests.flows.story import TICKER, Json, build, deploy, make_image, make_service, post, replicas
from tests.rig.checks import never_two_of_one, settled
from tests.rig.fleet import Fleet, running_fleet

COPIES = 3


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    with running_fleet() as running:
        yield running


@pytest.fixture
def api(fleet: Fleet) -> Iterator[httpx.Client]:
    """Every host is ready before and after, and no replica ever had two containers at once."""
    with fleet.house.api() as client:
        fleet.wait_ready(client)
        with never_two_of_one(fleet):
            yield client
        fleet.wait_ready(client)


class Ticking:
    """A service whose containers count aloud, one on each host."""

    def __init__(self, fleet: Fleet, api: httpx.Client, place: Json, service: Json, made: Json) -> None:
        self.fleet, self.api, self.place, self.service, self.built = fleet, api, place, service, made

    @property
    def environment(self) -> Json:
        found: Json = self.place["dev"]
        return found

    def settled(self, count: int = COPIES) -> list[Json]:
        return settled(self.fleet, self.api, self.service, self.environment, count=count)

    def deploy(self) -> Json:
        """To its end."""
        return deploy(self.api, self.service, self.environment, build=self.built["id"])

    def begin(self) -> Json:
        """Only asked for."""
        body = {"service": self.service["id"], "environment": self.environment["id"], "build": self.built["id"]}
        return post(self.api, "deployments/", body, status=202)

    def scale(self, count: int) -> Json:
        """Only asked for."""
        body = {"environment": self.environment["id"], "replicas": count}
        return post(self.api, f"services/{self.service['id']}/scale/", body, status=202)

    def api_rows(self) -> list[Json]:
        """What the pages say, settled or not."""
        return replicas(self.api, self.service, self.environment)

    def on(self, host: str) -> Json:
        """The replica on this host."""
        return next(row for row in self.settled() if row["host"] == host)


@pytest.fixture
def ticking(fleet: Fleet, api: httpx.Client, request: pytest.FixtureRequest) -> Iterator[Ticking]:
    slug = f"t{abs(hash(request.node.name)) % 10**8}"
    place = fleet.project(api, slug=slug)
    image = make_image(api, place["project"], slug="ticker", dockerfile=TICKER)
    made = build(api, image)
    service = make_service(api, place["project"], image, slug="ticker", replicas=COPIES, stop_timeout=1)
    running = Ticking(fleet, api, place, service, made)
    assert running.deploy()["state"] == "succeeded"
    running.settled()
    yield running
    api.delete(f"services/{service['id']}/").raise_for_status()
