"""A secret is planted, a real build reads it and says it aloud, and then it is looked for wherever it could be."""

import base64
import io
import subprocess
import tarfile
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import redis

from tests.flows.house import House
from tests.flows.story import Json, all_lines, build, get, make_project, post

pytestmark = pytest.mark.flow

CANARY = f"canary-{uuid.uuid4().hex}"
TRACES = (CANARY.encode(), base64.b64encode(CANARY.encode())[:24])
MASK = "••••••"
ALOUD = """FROM slipway/busybox:1
RUN --mount=type=secret,id=key echo "plain $(cat /run/secrets/key)" && base64 /run/secrets/key \\
    && cat /run/secrets/key && sleep 2{end}
CMD ["true"]
"""


def silent(data: bytes, where: str) -> None:
    for trace in TRACES:
        assert trace not in data, where


@dataclass
class Watch:
    """What the processes of this machine show of themselves while a build goes on."""

    home: Path
    told: set[str] = field(default_factory=set)  # where the value was seen
    builders: int = 0
    modes: set[int] = field(default_factory=set)
    over: threading.Event = field(default_factory=threading.Event)

    def look(self) -> None:
        while not self.over.wait(0.02):
            for process in Path("/proc").glob("[0-9]*"):
                self._look_at(process)
            for file in self.home.glob("worker/**/secrets/key"):
                with suppress(OSError):
                    self.modes.add(file.stat().st_mode & 0o777)

    def _look_at(self, process: Path) -> None:
        for name in ("cmdline", "environ"):
            with suppress(OSError):
                data = (process / name).read_bytes()
                self.builders += b"id=key,src=" in data
                if any(trace in data for trace in TRACES):
                    self.told.add(f"{name} of {data[:60]!r}")


@contextmanager
def watching(home: Path) -> Iterator[Watch]:
    watch = Watch(home)
    thread = threading.Thread(target=watch.look)
    thread.start()
    try:
        yield watch
    finally:
        watch.over.set()
        thread.join()


def an_image(house: House, place: Json, slug: str, end: str) -> Json:
    source = {"kind": "dockerfile", "dockerfile": ALOUD.format(end=end), "files": {}}
    body = {"project": place["project"]["id"], "slug": slug, "source": source, "build": {"secrets": {"key": "CANARY"}}}
    with house.api() as api:
        return post(api, "images/", body)


def test_what_a_build_reads_and_says_is_nowhere_afterwards(house: House) -> None:
    with house.api() as api:
        place = make_project(api, slug="quiet")
        post(api, "secrets/", {"project": place["project"]["id"], "name": "CANARY", "value": CANARY, "use": "build"})
        good, bad = an_image(house, place, "good", ""), an_image(house, place, "bad", "; exit 3")
        with watching(house.home) as watch:
            built, failed = build(api, good, no_cache=True), build(api, bad, no_cache=True)
        assert (built["state"], failed["state"]) == ("succeeded", "failed"), (built, failed)
        assert watch.builders and watch.modes == {0o600} and watch.told == set()
        for made in (built, failed):
            said = [line[3] for line in all_lines(api, made["log"])]
            assert sum(MASK in line for line in said) >= 3, said  # it was read, and said in three ways
            silent(str(said).encode(), "the log")
            answers = f"{made} {get(api, 'images/')} {get(api, 'audit/')} {get(api, 'secrets/')}"
            silent(answers.encode(), "an answer of the API")
    assert MASK in str(failed["error"]["evidence"])
    silent_in_the_image(house, built["digest"])
    silent_at_rest(house)


def silent_in_the_image(house: House, image: str) -> None:
    silent(house.docker("history", "--no-trunc", image).encode(), "the image's history")
    silent(house.docker("inspect", image).encode(), "the image")
    saved = subprocess.run(["docker", "-H", house.engine, "save", image], capture_output=True, timeout=60, check=True)
    silent(saved.stdout, "the image as an archive")
    layers = 0
    with tarfile.open(fileobj=io.BytesIO(saved.stdout)) as archive:
        for member in archive:
            file = archive.extractfile(member) if member.name.endswith("layer.tar") else None
            if file is not None:
                layers += 1
                silent(file.read(), f"a file of the layer {member.name}")
    assert layers


def silent_at_rest(house: House) -> None:
    """The database (sealed there), Redis, whatever the processes wrote, and what they left in the common folder."""
    silent(house.manage("dumpdata", "--format", "json").encode(), "the database")
    server = redis.Redis.from_url(house.redis.url)
    keys = list(server.scan_iter())
    assert keys
    for key in keys:
        entries = server.xrange(key) if server.type(key) == b"stream" else server.dump(key)
        silent(repr(entries).encode(), f"Redis at {key!r}")
    files = [file for file in house.home.rglob("*") if file.is_file()]
    left = [file for folder in Path("/tmp").glob("slipway-c*") for file in folder.rglob("*") if file.is_file()]
    for file in [*files, *left]:
        with suppress(OSError):
            silent(file.read_bytes(), str(file))
    assert not list(house.home.glob("worker/**/secrets"))
