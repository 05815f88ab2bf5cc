"""Slipway over three machines: the control plane here, each host in a network namespace with an engine of its own.

Builds go to Slipway's own registry, from where the other hosts fetch them by digest. The only way between a host and
the control plane is the link, which can be cut.
"""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from launch.registry import REGISTRY
from tests.flows.house import House, free_port
from tests.flows.own_engine import OwnEngine
from tests.flows.redis_server import RedisServer
from tests.flows.story import Json, get, post
from tests.flows.waiting import wait_for
from tests.rig.machine import Machine
from tests.rig.network import Bridge

READY_SECONDS = 120


@dataclass
class Fleet:
    """A running Slipway and its hosts."""

    house: House
    machines: list[Machine] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        return [machine.name for machine in self.machines]

    def machine(self, name: str) -> Machine:
        return next(machine for machine in self.machines if machine.name == name)

    def states(self, api: httpx.Client) -> dict[str, str]:
        """What the control plane says of each host."""
        return {host["name"]: host["state"] for host in get(api, "hosts/")["results"] if host["name"] in self.names}

    def all_ready(self, api: httpx.Client) -> bool:
        return all(state == "ready" for state in self.states(api).values())

    def wait_ready(self, api: httpx.Client, *, seconds: float = READY_SECONDS) -> None:
        wait_for(f"every host ready\n{self.words()}", lambda: self.all_ready(api), seconds=seconds)

    def words(self) -> str:
        return "\n".join(machine.words() for machine in self.machines)

    def project(self, api: httpx.Client, *, slug: str) -> Json:
        """A team and project of this name with an unprotected environment `dev` on every host."""
        team = post(api, "teams/", {"slug": f"{slug}-team", "name": slug})
        project = post(api, "projects/", {"team": team["id"], "slug": slug, "name": slug})
        body = {"project": project["id"], "slug": "dev", "rank": 1, "protected": False, "hosts": self.names}
        return {"team": team, "project": project, "dev": post(api, "environments/", body)}

    def running(self, service: Json) -> dict[str, list[Json]]:
        """Host -> the containers of this service that its engine runs: replica, index, generation. The truth."""
        found: dict[str, list[Json]] = {}
        form = '{{.ID}} {{.Label "slipway.replica"}} {{.Label "slipway.index"}} {{.Label "slipway.generation"}}'
        for machine in self.machines:
            lines = machine.docker(
                "ps", "--no-trunc", "--filter", f"label=slipway.service={service['id']}", "--format", form
            ).splitlines()
            keys = ("container", "replica", "index", "generation")
            found[machine.name] = [dict(zip(keys, line.split(), strict=True)) for line in lines]
        return found


@contextmanager
def running_fleet(hosts: int = 3) -> Iterator[Fleet]:
    """A whole Slipway on this many hosts that are ready, and nothing of it afterwards."""
    with ExitStack() as stack:
        home = Path(tempfile.mkdtemp(prefix="slw-", dir="/tmp"))
        stack.callback(shutil.rmtree, home, ignore_errors=True)
        number = os.getpid() % 200
        bridge = Bridge(name=f"swr{number}", prefix=f"10.231.{number}")
        stack.callback(bridge.down)
        bridge.up()
        redis = RedisServer(home, address=bridge.address, port=free_port())
        redis.start()
        stack.callback(redis.stop)
        house = House(home=home, engine="unix:///nonexistent", redis=redis, address=bridge.address)
        house.extra["SLIPWAY_REGISTRY"] = f"{bridge.address}:{free_port()}"
        house.extra["SLIPWAY_HOSTS_REDIS_URL"] = redis.distant_url
        stack.callback(house.stop)
        house.set_up()
        fleet = Fleet(house)
        for count in range(1, hosts + 1):
            machine = _machine(fleet, bridge, home, count)
            stack.callback(machine.drop)
            machine.make()
            fleet.machines.append(machine)
        with ThreadPoolExecutor(hosts) as hands:
            list(hands.map(lambda machine: machine.engine.start(), fleet.machines))
        house.start("web", "control")
        _start_registry(stack, house)
        with house.api() as api:
            _enroll_all(fleet, api)
            house.wait_ready()
            fleet.wait_ready(api)
        yield fleet


def _machine(fleet: Fleet, bridge: Bridge, home: Path, number: int) -> Machine:
    flags = (f"--insecure-registry={bridge.network}", "--live-restore")
    engine = OwnEngine(home=home / f"e{number}", name=f"{bridge.name}-h{number}", words=flags)
    return Machine(number=number, house=fleet.house, bridge=bridge, home=home / f"m{number}", engine=engine)


def _enroll_all(fleet: Fleet, api: httpx.Client) -> None:
    wait_for("the web server", lambda: _answers(api), seconds=READY_SECONDS)
    for machine in fleet.machines:
        row = post(api, "hosts/", {"name": machine.name, "every_team": True})
        machine.enroll(row["enrollment"]["code"])
        machine.start()


def _answers(api: httpx.Client) -> bool:
    try:
        return api.get("me/").status_code == 200
    except httpx.HTTPError:
        return False


def _start_registry(stack: ExitStack, house: House) -> None:
    config = house.manage("own_registry").strip()
    with (house.home / "registry.log").open("ab") as log:
        process = subprocess.Popen([REGISTRY, "serve", config], stdout=log, stderr=log)

    def stop() -> None:
        process.send_signal(signal.SIGTERM)
        process.wait(10)

    stack.callback(stop)
