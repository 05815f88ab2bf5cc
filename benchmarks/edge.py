"""What a request costs by way of the edge, against one that goes straight to the container; and what rollouts lose.

The same generator sends both at the same pace, one after the other, on connections that it keeps.
"""

import asyncio
from collections.abc import Iterator

import httpx

from benchmarks.cli import Cli
from benchmarks.goals import EDGE_LOST, EDGE_P50, EDGE_P95
from benchmarks.load import Count, Load
from benchmarks.measuring import Figure
from tests.edge.traffic import traffic
from tests.flows.story import Json, build, deploy, make_image, make_service, replicas

SHOP = "shop.example.com"
DOCKERFILE = """FROM slipway/busybox:1
RUN mkdir -p /www && echo {number} > /www/index.html
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
"""
HEALTH = {"kind": "http", "port": 8080, "path": "/", "minimum_healthy": 0.2}
RATE = 200.0
SECONDS = 10.0
ROLLOUTS = 3
PORT = 8080


def measure(api: httpx.Client, place: Json, *, cli: Cli, door: int) -> Iterator[Figure]:
    """`door`: the port of the edge. A service of one replica, asked by name and straight."""
    image = make_image(api, place["project"], slug="asked", dockerfile=DOCKERFILE.format(number=0))
    made = [build(api, image, args={"TURN": str(turn)}, no_cache=True) for turn in range(2)]
    http = {"port": PORT, "routes": [{"host": SHOP}], "drain": 20}
    service = make_service(
        api, place["project"], image, slug="asked", http=http, health=HEALTH, replicas=1, stop_timeout=1
    )
    _rolled(api, service, place, made[0])
    straight = _ask_for(_address(cli, replicas(api, service, place["dev"])[0]["container"]), PORT)
    by_edge = _ask_for("127.0.0.1", door)
    for goal, share in ((EDGE_P50, 0.5), (EDGE_P95, 0.95)):
        own, plain = (count.slowest_of(share) * 1000 for count in (by_edge, straight))
        yield Figure(goal, own - plain, f"{own:.1f} ms against {plain:.1f} ms, {by_edge.sent} requests each")
    load = Load(address="127.0.0.1", port=door, host=SHOP, rate=RATE)
    with traffic(load):
        for turn in range(ROLLOUTS):
            _rolled(api, service, place, made[(turn + 1) % 2])
    yield Figure(EDGE_LOST, len(load.count.lost), f"{load.count.sent} requests, {ROLLOUTS} rollouts of one replica")


def _rolled(api: httpx.Client, service: Json, place: Json, made: Json) -> None:
    over = deploy(api, service, place["dev"], build=made["id"])
    if over["state"] != "succeeded":
        raise RuntimeError(f"a deployment ended as {over['state']}")


def _ask_for(address: str, port: int) -> Count:
    load = Load(address=address, port=port, host=SHOP, rate=RATE)

    async def run() -> None:
        stop = asyncio.Event()
        asyncio.get_running_loop().call_later(SECONDS, stop.set)
        await load.run(stop)

    asyncio.run(run())
    return load.count


def _address(cli: Cli, container: str) -> str:
    found = cli("inspect", "-f", "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}", container)
    return found.split()[0]
