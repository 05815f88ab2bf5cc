"""A second machine becomes a host by one command, works like the first, hears its own doorbell only, and is cut off."""

import json
from collections.abc import Iterator

import httpx
import pytest
import redis
from redis.exceptions import AuthenticationError, NoPermissionError

from runtime.contract import names, wire
from tests.flows.house import House, running_house
from tests.flows.second_host import SecondHost, second_host
from tests.flows.story import FRONT, build, deploy, get, make_image, make_project, make_service, post, replicas
from tests.flows.waiting import wait_for

pytestmark = [pytest.mark.flow, pytest.mark.engine]

HEARD_SECONDS = 20
CUT_SECONDS = 5


@pytest.fixture(scope="module")
def house(engine: str) -> Iterator[House]:
    with running_house(engine) as running:
        yield running


@pytest.fixture(scope="module")
def second(house: House) -> Iterator[SecondHost]:
    with second_host(house, "second") as host:
        yield host


def state(api: httpx.Client, host: SecondHost) -> str:
    return str(get(api, f"hosts/{host.row['id']}/")["state"])


def settings(host: SecondHost) -> dict[str, str]:
    found: dict[str, str] = json.loads((host.home / "settings.json").read_text())
    return found


def claim(house: House, host: SecondHost) -> int:
    """What the credential alone is answered."""
    headers = {
        "Authorization": f"Bearer {(host.home / 'credential').read_text().strip()}",
        names.HEADER_CONTRACT: "1",
    }
    body = {"job": "0" * 26}
    return httpx.post(house.url + wire.CLAIMS_PATH, json=body, headers=headers, timeout=10).status_code


def test_it_is_enrolled_with_a_key_and_a_redis_user_of_its_own(house: House, second: SecondHost) -> None:
    with house.api() as api:
        row = get(api, f"hosts/{second.row['id']}/")
        assert row["state"] == "enrolled" and row["own_doorbell"] and row["key"]
    assert {path.name: path.stat().st_mode & 0o777 for path in second.home.glob("[cks]*")} == dict.fromkeys(
        ("credential", "key.pem", "settings.json"), 0o600
    )
    told = settings(second)
    assert f"slipway-host-{second.row['id']}:" in told["REDIS_URL"] and told["SLIPWAY_URL"] == house.url
    assert claim(house, second) == 401, "the credential is worth nothing without the key"


def test_the_same_command_again_does_nothing(house: House, second: SecondHost) -> None:
    command = second.row["enrollment"]["command"]
    before = settings(second)
    refused = second.run(command)
    assert refused.returncode == 1 and "--again" in refused.stderr
    spent = second.run(f"{command} --again")
    assert spent.returncode == 1 and "no longer good" in spent.stderr and settings(second) == before


def test_it_hears_its_own_doorbell_only(house: House, second: SecondHost) -> None:
    with redis.Redis.from_url(settings(second)["REDIS_URL"]) as own:
        assert own.llen(names.host_queue("second")) == 0
        with pytest.raises(NoPermissionError):
            own.lpush(names.host_queue("local"), "forged")
        with pytest.raises(NoPermissionError):
            own.brpop([names.host_queue("local")], timeout=1)


def test_it_starts_without_being_told_anything_builds_runs_and_is_revoked(house: House, second: SecondHost) -> None:
    second.start()
    with house.api() as api:
        wait_for("the host to be ready", lambda: state(api, second) == "ready", seconds=HEARD_SECONDS)
        place = make_project(api, slug="far")
        image = make_image(api, place["project"], slug="front", dockerfile=FRONT, files={"index.html": "hello"})
        body = {"project": place["project"]["id"], "slug": "away", "rank": 2, "hosts": ["second"]}
        away = post(api, "environments/", body)
        local = next(row for row in get(api, "hosts/")["results"] if row["name"] == "local")
        post(api, f"hosts/{local['id']}/drain/", {}, status=200)
        done = build(api, image)
        assert done["state"] == "succeeded", second.words()[-3000:]
        service = make_service(api, place["project"], image, slug="front", health={"kind": "tcp", "port": 8080})
        deployed = deploy(api, service, away, build=done["id"])
        assert deployed["state"] == "succeeded", second.words()[-3000:]
        assert [row["host"] for row in replicas(api, service, away)] == ["second"]
        survives_redis(house, api, second)
        api.delete(f"hosts/{second.row['id']}/").raise_for_status()
        wait_for("its link to close", lambda: "refused it (403)" in second.words(), seconds=CUT_SECONDS)
        assert state(api, second) == "revoked" and claim(house, second) == 401
    with redis.Redis.from_url(settings(second)["REDIS_URL"]) as own, pytest.raises(AuthenticationError):
        own.ping()


def survives_redis(house: House, api: httpx.Client, second: SecondHost) -> None:
    """Redis comes back without its users: they are made again, and the worker hears its doorbell."""
    house.redis.stop()
    house.redis.start()

    def heard() -> bool:
        with redis.Redis.from_url(settings(second)["REDIS_URL"]) as own:
            try:
                return bool(own.ping())
            except AuthenticationError:
                return False

    wait_for("its user to be there again", heard, seconds=10)
    assert second.process is not None and second.process.poll() is None
