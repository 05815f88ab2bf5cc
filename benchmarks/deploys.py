"""A deployment from the request until the container runs, as the engine noted it, against `docker run -d`.

Both start the same container: the same image, network, limits, restart policy and log files, since an engine takes
longer for a network of its own or for a limit than without, whoever asks for it.
"""

import json
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
        container = cli("run", "-d", *alike, made[0]["config_digest"])
        seconds = _started(cli, container) - begun
        cli("rm", "-f", container)
        return seconds

    ours()  # the first one makes the network
    (replica,) = replicas(api, service, place["dev"])
    alike = _settings_of(cli, replica["container"])
    return paired(DEPLOY, ours=ours, plain=plain, times=TIMES)


def _settings_of(cli: Cli, container: str) -> list[str]:
    """The words that have `docker run` make a container with the settings of this one."""
    host = json.loads(cli("inspect", "-f", "{{json .HostConfig}}", container))
    logs = host["LogConfig"]
    words = ["--network", host["NetworkMode"], "--network-alias", "sleeper", "--restart", host["RestartPolicy"]["Name"]]
    words += ["--memory", str(host["Memory"]), "--memory-swap", str(host["MemorySwap"])]
    words += ["--cpus", str(host["NanoCpus"] / 1e9), "--pids-limit", str(host["PidsLimit"])]
    words += [f"--security-opt={option}" for option in host["SecurityOpt"] or []]
    words += ["--log-driver", logs["Type"], *(f"--log-opt={name}={value}" for name, value in logs["Config"].items())]
    return [*words, "--no-healthcheck"]


def _started(cli: Cli, container: str) -> float:
    """When the engine says that it began."""
    told = cli("inspect", "-f", "{{.State.StartedAt}}", container)
    whole, _, part = told.rstrip("Z").partition(".")
    return datetime.fromisoformat(f"{whole}+00:00").timestamp() + float(f"0.{part or 0}")
