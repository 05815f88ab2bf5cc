"""A deployment from the request until the container runs, as the engine noted it, against `docker run -d`."""

import time
from datetime import datetime

import httpx

from benchmarks.cli import Cli
from benchmarks.goals import DEPLOY
from benchmarks.measuring import Figure, paired
from tests.flows.story import Json, build, deploy, make_image, make_service, replicas

DOCKERFILE = 'FROM slipway/busybox:1\nRUN echo {number} > /number\nCMD ["sleep", "3600"]\n'
TIMES = 9


def measure(api: httpx.Client, place: Json, *, cli: Cli) -> Figure:
    """Two builds by turns, so that every deployment starts a new container."""
    image = make_image(api, place["project"], slug="sleeper", dockerfile=DOCKERFILE.format(number=0))
    made = [build(api, image, args={"TURN": str(turn)}, no_cache=True) for turn in range(2)]
    service = make_service(api, place["project"], image, slug="sleeper", replicas=1, stop_timeout=1)
    turns = iter(range(TIMES + 1))

    def ours() -> float:
        begun = time.time()
        over = deploy(api, service, place["dev"], build=made[next(turns) % 2]["id"])
        if over["state"] != "succeeded":
            raise RuntimeError(f"a deployment ended as {over['state']}")
        (replica,) = replicas(api, service, place["dev"])
        return _started(cli, replica["container"]) - begun

    def plain() -> float:
        begun = time.time()
        container = cli("run", "-d", "--network", "bridge", made[0]["config_digest"])
        seconds = _started(cli, container) - begun
        cli("rm", "-f", container)
        return seconds

    ours()  # the first one makes the network
    return paired(DEPLOY, ours=ours, plain=plain, times=TIMES)


def _started(cli: Cli, container: str) -> float:
    """When the engine says that it began."""
    told = cli("inspect", "-f", "{{.State.StartedAt}}", container)
    whole, _, part = told.rstrip("Z").partition(".")
    return datetime.fromisoformat(f"{whole}+00:00").timestamp() + float(f"0.{part or 0}")
