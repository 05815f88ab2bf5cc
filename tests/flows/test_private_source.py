"""A private repository by SSH, its key made by Slipway, from a real sshd; then the key is looked for everywhere."""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import redis

from tests.flows.house import House
from tests.flows.story import all_lines, build, get, make_project, post
from tests.sources.repositories import Repository
from tests.sources.servers import SshServer, ssh_server

pytestmark = pytest.mark.flow

NAME = "localhost"
REVEAL = (
    "from webapp import sealing; from webapp.deploykeys.models import DeployKey; "
    "print(sealing.unseal(bytes(DeployKey.objects.get().private)))"
)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SshServer]:
    with ssh_server(tmp_path / "ssh") as running:
        yield running


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """With a submodule that is said relative to it."""
    library = Repository.made(tmp_path / "library", word="from the submodule\n")
    made = Repository.made(tmp_path / "shop", Dockerfile="FROM slipway/busybox:1\nCOPY lib/word /word\n")
    made.link("lib", library.git("rev-parse", "HEAD"), "../library")
    return made


@pytest.fixture
def house(mortal_house: House) -> House:
    """It may fetch from this machine."""
    mortal_house.extra["SLIPWAY_GIT_PRIVATE_HOSTS"] = NAME
    for name in ("web", "control", "worker"):
        mortal_house.kill(name)
    mortal_house.start("web", "control", "worker")
    mortal_house.wait_ready()
    return mortal_house


@contextmanager
def watching() -> Iterator[set[bytes]]:
    """The arguments and environments that processes of this machine show while the block runs."""
    seen: set[bytes] = set()
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.02):
            for file in [*Path("/proc").glob("[0-9]*/cmdline"), *Path("/proc").glob("[0-9]*/environ")]:
                with suppress(OSError):
                    seen.add(file.read_bytes())

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


def test_it_is_built_once_the_servers_key_is_known_and_the_deploy_key_is_nowhere(
    house: House, server: SshServer, repository: Repository
) -> None:
    source = {"kind": "git", "url": server.url(repository.path, name=NAME), "deploy_key": "shop", "submodules": True}
    with house.api() as api:
        project = make_project(api, slug="private")["project"]["id"]
        key = post(api, f"projects/{project}/deploy-keys/", {"name": "shop"})
        image = post(api, "images/", {"project": project, "slug": "shop", "source": source})
        server.let_in(key["public"])
        unknown = build(api, image)
        assert unknown["error"]["code"] == "host_key_unknown", unknown
        trusted = {"known_hosts": server.known_as(NAME)}
        assert api.patch(f"deploy-keys/{key['id']}/", json=trusted).status_code == 200
        with watching() as seen:
            made = build(api, image)
        assert (made["state"], made["commit"]) == ("succeeded", repository.git("rev-parse", "HEAD")), made
        told = [*all_lines(api, made["log"]), *all_lines(api, unknown["log"]), get(api, "audit/"), made, unknown]
    assert house.docker("run", "--rm", made["digest"], "cat", "/word") == "from the submodule\n"
    # Their first lines hold the public part; these hold the private one.
    traces = [line.encode() for line in house.manage("shell", "-c", REVEAL).splitlines() if len(line) > 60][2:]
    assert traces and any(b"StrictHostKeyChecking=yes" in shown for shown in seen)
    for trace in traces:
        assert trace not in repr(told).encode()
        assert not any(trace in shown for shown in seen)
        assert trace not in saved(house, made["digest"])
    silent_at_rest(house, traces)


def saved(house: House, image: str) -> bytes:
    archive = subprocess.run(["docker", "-H", house.engine, "save", image], capture_output=True, timeout=60, check=True)
    return house.docker("history", "--no-trunc", image).encode() + archive.stdout


def silent_at_rest(house: House, traces: list[bytes]) -> None:
    """The database, Redis, and whatever the processes left: nothing of the attempt's folder remains."""
    kept = [house.manage("dumpdata", "--format", "json").encode()]
    server = redis.Redis.from_url(house.redis.url)
    for name in server.scan_iter():
        entries = server.xrange(name) if server.type(name) == b"stream" else server.dump(name)
        kept.append(repr(entries).encode())
    for file in house.home.rglob("*"):
        if file.is_file():
            kept.append(file.read_bytes())
    for trace in traces:
        assert not any(trace in text for text in kept)
