"""What every engine promises about the images it holds: their names, their list, archives and commits."""

from collections.abc import Iterator

import pytest

from runtime.contract.names import LABEL_INSTANCE
from runtime.engine.errors import BadRequest, Conflict, NotFound, WorkCancelled
from runtime.engine.values import Change
from tests.engine.bench import Bench, image_of

NOBODY = f"sha256:{'0' * 64}"


def never() -> bool:
    return False


@pytest.fixture
def built(bench: Bench) -> Iterator[str]:
    """An image of this test's own, with the bench's tag."""
    request = bench.request(f"RUN echo {bench.instance}")
    yield image_of(bench.build(request))
    for image in bench.engine.list_images(labels={LABEL_INSTANCE: bench.instance}):
        for name in (*image.tags, *image.digests):
            bench.engine.untag(name)


def name(bench: Bench, tag: str) -> str:
    return f"slipway-test/{bench.instance}:{tag}"


def test_the_last_name_takes_the_image_with_it(bench: Bench, built: str) -> None:
    bench.engine.tag(built, name(bench, "2"))
    bench.engine.untag(name(bench, "1"))
    assert bench.engine.image(built).tags == (name(bench, "2"),)
    for _ in range(2):
        bench.engine.untag(name(bench, "2"))
    with pytest.raises(NotFound):
        bench.engine.image(built)


def test_another_ones_name_of_the_same_image_stays(bench: Bench, built: str) -> None:
    theirs = f"other-{bench.instance}/app:1"
    bench.engine.tag(built, theirs)
    try:
        bench.engine.untag(name(bench, "1"))
        assert bench.engine.image(theirs).image_id == built
    finally:
        bench.engine.untag(theirs)


def test_the_last_name_stays_while_a_container_uses_the_image(bench: Bench, built: str) -> None:
    container_id = bench.engine.create(bench.plan(image=built))
    with pytest.raises(Conflict):
        bench.engine.untag(name(bench, "1"))
    assert bench.engine.image(built).tags == (name(bench, "1"),)
    bench.engine.remove(container_id)


def test_an_image_without_a_name_goes_by_its_id_and_again_is_once(bench: Bench, built: str) -> None:
    spare = image_of(bench.build(bench.request("RUN echo spare", tag=name(bench, "moves"))))
    bench.engine.tag(built, name(bench, "moves"))  # and the other has no name any more
    assert spare not in {one.image_id for one in bench.engine.list_images(labels={}) if one.tags}
    for _ in range(2):
        bench.engine.remove_image(spare)
    with pytest.raises(NotFound):
        bench.engine.image(spare)
    assert bench.engine.image(built).image_id == built


def test_an_image_with_a_name_does_not_go_by_its_id(bench: Bench, built: str) -> None:
    with pytest.raises(Conflict):
        bench.engine.remove_image(built)
    assert bench.engine.image(built).tags == (name(bench, "1"),)


def test_an_image_that_a_stopped_container_uses_does_not_go(bench: Bench, built: str) -> None:
    container_id = bench.engine.create(bench.plan(image=built))
    bench.engine.tag(bench.image, name(bench, "1"))  # moved away: the image in use has no name left
    with pytest.raises(Conflict):
        bench.engine.remove_image(built)
    assert bench.engine.image(built).image_id == built
    bench.engine.untag(name(bench, "1"))
    bench.engine.remove(container_id)
    bench.engine.remove_image(built)


@pytest.mark.parametrize("what", ["sha256:abcdef012345", "slipway-test/app:1", "latest", ""])
def test_only_a_whole_id_is_removed(bench: Bench, what: str) -> None:
    with pytest.raises(BadRequest):
        bench.engine.remove_image(what)


@pytest.mark.parametrize("what", [NOBODY, "slipway-test/app", "sha256:abcdef012345", "abcdef012345", "x;y", "../x:1"])
def test_only_an_exact_name_is_removed(bench: Bench, what: str) -> None:
    with pytest.raises(BadRequest):
        bench.engine.untag(what)


def test_a_tag_moves_and_given_again_is_held_once(bench: Bench, built: str) -> None:
    moved = name(bench, "moved")
    bench.engine.tag(bench.image, moved)
    for _ in range(2):
        bench.engine.tag(built, moved)
    assert bench.engine.image(moved).image_id == built
    assert sorted(bench.engine.image(built).tags) == [name(bench, "1"), moved]
    assert moved not in bench.engine.image(bench.image).tags


def test_a_tag_is_given_to_what_is_there_only(bench: Bench, built: str) -> None:
    with pytest.raises(NotFound):
        bench.engine.tag(NOBODY, name(bench, "3"))
    for bad in ("slipway-test/app", "Upper/Case:1", f"slipway-test/app@{NOBODY}"):
        with pytest.raises(BadRequest):
            bench.engine.tag(built, bad)


def test_images_are_listed_by_label_and_no_others(bench: Bench, built: str) -> None:
    (listed,) = bench.engine.list_images(labels={LABEL_INSTANCE: bench.instance})
    image = bench.engine.image(built)
    assert (listed.image_id, listed.tags, listed.size) == (built, (name(bench, "1"),), image.size)
    assert listed.labels == image.labels
    assert listed.created_ns > 0
    assert listed.digests == ()
    assert bench.engine.list_images(labels={LABEL_INSTANCE: bench.instance, "slipway.project": "other"}) == []


def test_an_archive_brings_an_image_back_with_its_name(bench: Bench, built: str) -> None:
    before = bench.engine.image(built)
    archive = list(bench.engine.save([name(bench, "1")], cancelled=never, timeout=60.0))
    assert len(archive) > 0 and all(archive)
    bench.engine.untag(name(bench, "1"))
    assert bench.engine.load(iter(archive), cancelled=never, timeout=60.0) == [built]
    assert bench.engine.image(name(bench, "1")) == before
    assert bench.engine.load(iter(archive), cancelled=never, timeout=60.0) == [built]


def test_an_archive_by_id_carries_no_name(bench: Bench, built: str) -> None:
    archive = list(bench.engine.save([built], cancelled=never, timeout=60.0))
    bench.engine.untag(name(bench, "1"))
    try:
        assert bench.engine.load(iter(archive), cancelled=never, timeout=60.0) == [built]
        assert bench.engine.image(built).tags == ()
    finally:
        bench.engine.tag(built, name(bench, "1"))


def test_what_is_no_archive_is_refused(bench: Bench) -> None:
    for junk in ([b"this is no archive " * 100], [b""]):
        with pytest.raises(BadRequest):
            bench.engine.load(iter(junk), cancelled=never, timeout=60.0)


def test_nothing_is_saved_of_what_is_not_there(bench: Bench) -> None:
    with pytest.raises(NotFound):
        list(bench.engine.save([NOBODY], cancelled=never, timeout=60.0))


def test_saving_and_loading_stop_when_asked(bench: Bench, built: str) -> None:
    with pytest.raises(WorkCancelled):
        list(bench.engine.save([built], cancelled=lambda: True, timeout=60.0))
    archive = list(bench.engine.save([built], cancelled=never, timeout=60.0))
    with pytest.raises(WorkCancelled):
        bench.engine.load(iter(archive), cancelled=lambda: True, timeout=60.0)


def test_a_container_is_kept_as_an_image(bench: Bench, built: str) -> None:
    container_id = bench.run("sh", "-c", "touch /made; sleep 300", image=built)
    bench.wait(container_id, lambda _: Change(kind="added", path="/made") in bench.engine.diff(container_id))
    made = bench.engine.commit(
        container_id,
        tag=name(bench, "kept"),
        author="somebody",
        message="as it was",
        labels={"slipway.build": "b 1=2\n3"},
        cancelled=never,
        timeout=60.0,
    )
    image = bench.engine.image(name(bench, "kept"))
    assert image.image_id == made != built
    assert image.labels["slipway.build"] == "b 1=2\n3"
    assert image.labels[LABEL_INSTANCE] == bench.instance
    assert len(bench.engine.layers(made)) > len(bench.engine.layers(built)) - 1
    bench.engine.remove(container_id)


def test_nothing_is_kept_of_a_container_that_is_not_there(bench: Bench) -> None:
    with pytest.raises(NotFound):
        bench.engine.commit(
            "nobody", tag=name(bench, "x"), author="", message="", labels={}, cancelled=never, timeout=60.0
        )
    with pytest.raises(NotFound):
        bench.engine.diff("nobody")


def test_what_a_container_changed_is_told(bench: Bench) -> None:
    container_id = bench.run("sh", "-c", "touch /made; rm /bin/nc; sleep 300")
    bench.wait(container_id, lambda _: Change(kind="deleted", path="/bin/nc") in bench.engine.diff(container_id))
    changes = bench.engine.diff(container_id)
    assert Change(kind="added", path="/made") in changes
    assert [change.path for change in changes] == sorted(change.path for change in changes)


def test_a_container_that_changed_nothing_has_no_changes(bench: Bench) -> None:
    assert bench.engine.diff(bench.engine.create(bench.plan())) == []


def test_the_disk_is_counted(bench: Bench, built: str) -> None:
    use = bench.engine.disk_use()
    assert use.images > 0
    assert min(use.containers, use.volumes, use.build_cache) >= 0
