"""The build cache of an engine of the test's own: it shrinks record by record, also beside a build; images stay."""

import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.engine.docker import DockerEngine
from runtime.engine.errors import BadRequest
from runtime.worker.cache_trimming import MIN_AGE_NS, trim
from tests.engine.bench import Bench, image_of
from tests.flows.own_engine import OwnEngine

pytestmark = pytest.mark.flow

MEGABYTES = "RUN dd if=/dev/urandom of=/noise bs=1024 count=3000"


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Bench]:
    name = f"cache{uuid.uuid4().hex[:6]}"
    engine = OwnEngine(Path(tempfile.gettempdir()) / name, name)  # a socket's path is short
    engine.make()
    try:
        engine.start()
        yield Bench(DockerEngine(address=engine.address), tmp_path).set_up()
    finally:
        engine.drop()


def hence() -> int:
    """A moment from which what was built just now is old."""
    return time.time_ns() + 2 * MIN_AGE_NS


def built(bench: Bench, tag: str, *steps: str) -> str:
    return image_of(bench.build(bench.request(*steps, tag=tag)))


def test_the_cache_shrinks_and_images_and_builds_do_not_mind(own: Bench) -> None:
    kept = built(own, "x/kept:1", MEGABYTES, "RUN echo kept > /kept")
    for at in range(3):
        built(own, f"x/gone:{at}", f"{MEGABYTES} && echo {at}", "RUN echo done")
        own.engine.untag(f"x/gone:{at}")
    before = own.engine.disk_use().build_cache
    assert before > 9_000_000
    assert trim(own.engine, keep=0, now_ns=time.time_ns()) == 0  # all of it is young
    freed = trim(own.engine, keep=4_000_000, now_ns=hence())
    assert freed > 4_000_000 and own.engine.disk_use().build_cache <= 4_000_000
    trim(own.engine, keep=0, now_ns=hence())
    assert own.engine.disk_use().build_cache == 0
    assert own.engine.image("x/kept:1").image_id == kept
    assert own.run_to_end("cat /kept", image=kept).exit_code == 0
    again = built(own, "x/again:1", MEGABYTES, "RUN echo again")
    assert own.run_to_end("true", image=again).exit_code == 0


def test_a_build_beside_it_comes_to_its_end(own: Bench) -> None:
    """Records are dropped all the time while a build of many steps runs."""
    built(own, "x/first:1", *[f"RUN echo {at} > /f{at}" for at in range(6)])
    over = threading.Event()
    dropped = []

    def drop() -> None:
        while not over.is_set():
            dropped.append(trim(own.engine, keep=0, now_ns=hence()))

    thread = threading.Thread(target=drop)
    thread.start()
    try:
        for turn in range(3):
            image = built(own, f"x/beside:{turn}", *[f"RUN echo {at} > /f{at}" for at in range(6)], f"RUN echo {turn}")
            assert own.run_to_end("cat /f5", image=image).exit_code == 0
    finally:
        over.set()
        thread.join(120)
    assert len(dropped) > 1


def test_only_one_record_is_ever_named(own: Bench) -> None:
    for name in ("", "*", "a" * 3, "../x", "A" * 20, "sha256:" + "0" * 64):
        with pytest.raises(BadRequest):
            own.engine.drop_cache(name)
    assert not own.engine.drop_cache("0" * 25)
