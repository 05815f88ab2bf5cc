"""A replica that proved itself and stops answering later is shown as unhealthy, with its reason, within seconds."""

import pytest

from tests.flows.house import House
from tests.flows.story import build, deploy, make_image, make_project, make_service, replicas
from tests.flows.waiting import wait_for

pytestmark = [pytest.mark.flow, pytest.mark.engine]

FORGETFUL = """FROM slipway/busybox:1
RUN mkdir -p /www && echo ok > /www/healthz
RUN echo 'while true; do sleep 6; mv /www/healthz /www/x; sleep 12; mv /www/x /www/healthz; done' > /forget
CMD ["sh", "-c", "httpd -p 8080 -h /www; sh /forget"]
"""


def test_what_no_longer_answers_is_unhealthy_and_healthy_when_it_does_again(mortal_house: House) -> None:
    with mortal_house.api() as api:
        place = make_project(api, slug="forgetful")
        image = make_image(api, place["project"], slug="web", dockerfile=FORGETFUL)
        service = make_service(
            api,
            place["project"],
            image,
            slug="web",
            health={"kind": "http", "port": 8080, "path": "/healthz", "interval": 0.5, "retries": 2},
        )
        done = deploy(api, service, place["dev"], build=build(api, image)["id"])
        assert done["state"] == "succeeded", done

        def seen() -> tuple[str, str]:
            row = replicas(api, service, place["dev"])[0]
            return row["state"], row["message"]

        wait_for("the replica to be unhealthy", lambda: seen()[0] == "unhealthy", seconds=20)
        assert "/healthz answered 404" in seen()[1]
        wait_for("the replica to be healthy again", lambda: seen() == ("healthy", ""), seconds=25)
