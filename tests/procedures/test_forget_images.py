"""Letting go of images: by exact ID and Slipway's own names, never what anybody else names or uses."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

import pytest

from runtime.contract.names import LABEL_INSTANCE
from runtime.contract.orders import ForgetImages, ForgottenImage
from runtime.contract.reports import Forgotten
from runtime.engine.docker import DockerEngine
from runtime.engine.errors import EngineUnavailable, NotFound
from runtime.engine.fake import FakeEngine
from runtime.engine.fake_calls import Trouble
from runtime.procedures.forget_images import BUSY_SECONDS, forget_images
from runtime.procedures.ports import Cancelled, ProcedureError
from tests.engine.bench import Bench, image_of
from tests.engine.dockerd import engine_address
from tests.procedures.rig import Told

NOBODY = f"sha256:{'0' * 64}"


@pytest.fixture(params=["fake", pytest.param("docker", marks=pytest.mark.engine)])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    if request.param == "fake":
        yield Bench(FakeEngine(), tmp_path).set_up()
        return
    with engine_address() as address:
        bench = Bench(DockerEngine(address=address), tmp_path).set_up()
        yield bench
        bench.clean_up()
        for image in bench.engine.list_images(labels={LABEL_INSTANCE: bench.instance}):
            for name in (*image.tags, *image.digests):
                bench.engine.untag(name)
        bench.engine.close()


def own(bench: Bench, number: int) -> str:
    return f"slipway/{bench.instance}/front:{number}-abcdefgh"


def built(bench: Bench, number: int) -> ForgottenImage:
    """An image as a build of ours leaves it, and how it is ordered to go."""
    made = image_of(bench.build(bench.request(f"RUN echo {number} {uuid.uuid4()}", tag=own(bench, number))))
    return ForgottenImage(image_id=made, tags=(own(bench, number),))


def at_once(meanwhile: Callable[[], None]) -> AbstractContextManager[None]:
    return nullcontext()


def forgotten(bench: Bench, *images: ForgottenImage, told: Told | None = None) -> Forgotten:
    return forget_images(ForgetImages(images=images), engine=bench.engine, reporter=told or Told(), quiet=at_once)


def is_there(bench: Bench, image: ForgottenImage) -> bool:
    try:
        return bench.engine.image(image.image_id).image_id == image.image_id
    except NotFound:
        return False


def test_what_is_named_by_us_alone_goes_and_the_others_stay(bench: Bench) -> None:
    first, second = built(bench, 1), built(bench, 2)
    told = Told()
    result = forgotten(bench, first, told=told)
    assert (result.removed, result.skipped) == ([first.image_id], []) and result.freed is not None
    assert not is_there(bench, first) and is_there(bench, second)
    assert any("is removed" in text for _, text, _ in told.lines)
    assert forgotten(bench, first).removed == [first.image_id]


def test_what_a_container_uses_stays_also_when_it_is_stopped(bench: Bench) -> None:
    image = built(bench, 1)
    container_id = bench.engine.create(bench.plan(image=image.image_id))
    result = forgotten(bench, image)
    assert result.removed == [] and "container" in result.skipped[0].reason
    assert is_there(bench, image)
    bench.engine.remove(container_id)
    assert forgotten(bench, image).removed == [image.image_id]


def test_what_somebody_else_named_too_only_loses_our_name(bench: Bench) -> None:
    image, theirs = built(bench, 1), f"other-{bench.instance}/app:1"
    bench.engine.tag(image.image_id, theirs)
    try:
        result = forgotten(bench, image)
        assert result.removed == [] and theirs in result.skipped[0].reason
        assert bench.engine.image(image.image_id).tags == (theirs,)
    finally:
        bench.engine.untag(theirs)


def test_what_another_build_of_ours_has_since_stays_for_it(bench: Bench) -> None:
    image = built(bench, 1)
    bench.engine.tag(image.image_id, own(bench, 7))
    result = forgotten(bench, image)
    assert own(bench, 7) in result.skipped[0].reason and is_there(bench, image)
    assert forgotten(bench, ForgottenImage(image_id=image.image_id, tags=(own(bench, 7),))).removed


def test_a_name_that_moved_to_another_image_is_left_there(bench: Bench) -> None:
    first, second = built(bench, 1), built(bench, 2)
    bench.engine.tag(second.image_id, own(bench, 1))
    result = forgotten(bench, first)
    assert result.removed == [first.image_id]
    assert own(bench, 1) in bench.engine.image(second.image_id).tags


def test_no_name_is_taken_that_is_not_ours_whatever_the_order_says(bench: Bench) -> None:
    image, theirs = built(bench, 1), f"other-{bench.instance}/app:1"
    bench.engine.tag(image.image_id, theirs)
    forgotten(bench, ForgottenImage(image_id=image.image_id, tags=(theirs, own(bench, 1))))
    assert bench.engine.image(theirs).image_id == image.image_id
    bench.engine.untag(theirs)


def test_what_was_never_there_is_gone(bench: Bench) -> None:
    assert forgotten(bench, ForgottenImage(image_id=NOBODY)).removed == [NOBODY]


def test_a_host_that_is_never_quiet_keeps_all_and_says_so(tmp_path: Path) -> None:
    bench, told = Bench(FakeEngine(), tmp_path).set_up(), Told()
    image = built(bench, 1)

    @contextmanager
    def never(meanwhile: Callable[[], None]) -> Iterator[None]:
        for _ in range(4):
            told.clock += BUSY_SECONDS / 3
            meanwhile()
        yield

    result = forget_images(ForgetImages(images=(image, image)), engine=bench.engine, reporter=told, quiet=never)
    assert [skip.reason for skip in result.skipped] == ["the host was busy all the time"] * 2
    assert is_there(bench, image)


def test_somebody_may_stop_it(tmp_path: Path) -> None:
    bench = Bench(FakeEngine(), tmp_path).set_up()
    image = built(bench, 1)
    with pytest.raises(Cancelled):
        forgotten(bench, image, told=Told(stopping=True))
    assert is_there(bench, image)


def test_an_engine_that_is_away_is_said_and_nothing_is_called_removed(tmp_path: Path) -> None:
    bench = Bench(FakeEngine(), tmp_path).set_up()
    image = built(bench, 1)
    assert isinstance(bench.engine, FakeEngine)
    bench.engine.trouble.append(Trouble(call="remove_image", error=EngineUnavailable("gone")))
    with pytest.raises(ProcedureError) as failed:
        forgotten(bench, image)
    assert failed.value.problem.retry_helps
