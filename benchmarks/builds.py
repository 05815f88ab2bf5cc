"""A build through Slipway, from the request to the digest, against `docker build` of the same context."""

import io
import os
import tarfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx

from benchmarks.cli import Cli
from benchmarks.goals import BUILD, CACHED, LARGE, Goal
from benchmarks.measuring import Figure, paired, seconds_of
from tests.flows.story import Json, build, make_image, post

SMALL = 'FROM slipway/busybox:1\nCOPY page /page\nRUN echo one && echo two > /two\nCMD ["cat", "/page"]\n'
BIG = "FROM slipway/busybox:1\nCOPY big /big\n"
BIG_BYTES = 200 * 1024 * 1024
TIMES = 7
TIMES_BIG = 3


def measure(api: httpx.Client, place: Json, *, cli: Cli, folder: Path) -> Iterator[Figure]:
    """A fresh build, one from the cache, one with a large context."""
    small = _context(folder / "small", dockerfile=SMALL, name="page", data=b"hello\n")
    image = make_image(api, place["project"], slug="small", dockerfile=SMALL, files={"page": "hello\n"})
    _succeed(api, image)  # the first one on a host makes the base image
    yield _pair(BUILD, api, image, cli, small, no_cache=True, times=TIMES)
    _succeed(api, image)
    yield _pair(CACHED, api, image, cli, small, no_cache=False, times=TIMES)
    big = _context(folder / "big", dockerfile=BIG, name="big", data=os.urandom(BIG_BYTES))
    yield _pair(LARGE, api, _uploaded(api, place["project"], big), cli, big, no_cache=True, times=TIMES_BIG)


def _pair(goal: Goal, api: httpx.Client, image: Json, cli: Cli, context: Path, *, no_cache: bool, times: int) -> Figure:
    def plain() -> float:
        tag = f"benchmark:{uuid.uuid4().hex[:12]}"
        words = ["build", "-q", "-t", tag, *(["--no-cache"] if no_cache else []), str(context)]
        seconds = seconds_of(lambda: cli(*words))
        cli("rmi", tag)
        return seconds

    def ours() -> float:
        return seconds_of(lambda: _succeed(api, image, no_cache=no_cache))

    if not no_cache:
        plain()
    return paired(goal, ours=ours, plain=plain, times=times)


def _succeed(api: httpx.Client, image: Json, *, no_cache: bool = False) -> Json:
    made = build(api, image, no_cache=no_cache)
    if made["state"] != "succeeded":
        raise RuntimeError(f"a build ended as {made['state']}: {made['error']}")
    return made


def _context(folder: Path, *, dockerfile: str, name: str, data: bytes) -> Path:
    folder.mkdir(parents=True)
    (folder / "Dockerfile").write_text(dockerfile)
    (folder / name).write_bytes(data)
    return folder


def _uploaded(api: httpx.Client, project: Json, context: Path) -> Json:
    """An image of an archive of this context. Its upload is not part of a build, and not measured."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for path in sorted(context.iterdir()):
            archive.add(path, arcname=path.name)
    answer = api.post(
        f"projects/{project['id']}/uploads/",
        content=packed.getvalue(),
        headers={"Content-Type": "application/x-tar"},
        timeout=600,
    )
    answer.raise_for_status()
    source = {"kind": "archive", "upload": answer.json()["id"]}
    return post(api, "images/", {"project": project["id"], "slug": "big", "source": source})
