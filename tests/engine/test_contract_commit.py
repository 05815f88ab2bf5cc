"""What every engine promises of a container kept as an image: its files come along, nothing that it was given does."""

import io
import json
import tarfile
from collections.abc import Iterator
from dataclasses import replace

import pytest

from runtime.contract.names import LABEL_INSTANCE
from runtime.engine.docker_commit import with_settings
from runtime.engine.errors import EngineError, NotFound, WorkCancelled
from runtime.engine.values import Change, FileStat
from tests.engine.bench import Bench, image_of

CANARY = "canary-5b1f0c7e"
SCRIPT = "touch /made; rm /bin/nc; sleep 300"


def never() -> bool:
    return False


@pytest.fixture
def kept(bench: Bench) -> Iterator[str]:
    """The name under which a container is kept in a test; gone after it."""
    name = f"slipway-test/{bench.instance}:kept"
    yield name
    sweep(bench, name)


def sweep(bench: Bench, name: str) -> None:
    for container in bench.engine.list_managed(instance=bench.instance):
        bench.engine.remove(container.container_id)
    for held in (name, f"slipway-test/{bench.instance}:1"):
        bench.engine.untag(held)


def settled(bench: Bench, container_id: str) -> str:
    bench.wait(container_id, lambda _: Change(kind="deleted", path="/bin/nc") in bench.engine.diff(container_id))
    return container_id


def given(bench: Bench, *, image: str) -> str:
    """A container with a variable, a secret and a label of its own, that made one file and removed another."""
    plan = bench.plan("sh", "-c", SCRIPT, image=image)
    variables = {"PASSWORD": CANARY, "MODE": "of-the-container"}
    plan = replace(plan, variables=variables, labels={**plan.labels, "slipway.release": "r1"})
    container_id = bench.engine.create(plan)
    bench.engine.start(container_id)
    return settled(bench, container_id)


def commit(bench: Bench, container_id: str, name: str) -> str:
    return bench.engine.commit(
        container_id,
        tag=name,
        author="ann",
        message="as it was",
        labels={LABEL_INSTANCE: bench.instance, "slipway.build": "b 1=2\n3"},
        cancelled=never,
        timeout=60.0,
    )


def test_the_image_has_its_base_images_settings_and_the_containers_files(bench: Bench, kept: str) -> None:
    settings = ("ENV MODE=of-the-image", 'LABEL kind="a thing"', "WORKDIR /tmp", 'CMD ["sleep", "9"]')
    image = image_of(bench.build(bench.request(*settings)))
    base = bench.engine.image(image)
    made = commit(bench, given(bench, image=image), kept)
    found = bench.engine.image(kept)
    assert found.image_id == made != image
    assert dict(found.variables) == dict(base.variables)
    assert "PASSWORD" not in found.variables and CANARY not in repr(found)
    assert dict(found.labels) == dict(base.labels) | {LABEL_INSTANCE: bench.instance, "slipway.build": "b 1=2\n3"}
    assert len(bench.engine.layers(made)) == len(bench.engine.layers(image)) + 1


def test_kept_again_it_is_another_image_under_the_same_name(bench: Bench, kept: str) -> None:
    container_id = given(bench, image=bench.image)
    first = commit(bench, container_id, kept)
    second = commit(bench, container_id, kept)
    assert bench.engine.image(kept).image_id == second
    assert bench.engine.container(container_id).status == "running"
    assert first.startswith("sha256:")


def test_cancelled_nothing_is_kept(bench: Bench, kept: str) -> None:
    container_id = given(bench, image=bench.image)
    with pytest.raises(WorkCancelled):
        bench.engine.commit(
            container_id, tag=kept, author="", message="", labels={}, cancelled=lambda: True, timeout=60.0
        )
    with pytest.raises(NotFound):
        bench.engine.image(kept)
    assert bench.engine.container(container_id).status == "running"


def test_what_lies_at_a_path_is_told(bench: Bench) -> None:
    container_id = given(bench, image=bench.image)
    assert bench.engine.stat(container_id, "/made").kind == "file"
    for container, path in ((container_id, "/bin/nc"), ("nobody", "/made")):
        with pytest.raises(NotFound):
            bench.engine.stat(container, path)


@pytest.mark.engine
def test_kinds_and_sizes_are_the_files_own(docker: Bench) -> None:
    script = "mkdir /d; echo 12345 > /d/f; ln -s /d/f /l; mkfifo /p; rm /bin/nc; sleep 300"
    container_id = settled(docker, docker.run("sh", "-c", script))
    assert docker.engine.stat(container_id, "/d/f") == FileStat(kind="file", size=6)
    assert docker.engine.stat(container_id, "/d") == FileStat(kind="directory", size=0)
    assert docker.engine.stat(container_id, "/l") == FileStat(kind="link", size=0)
    assert docker.engine.stat(container_id, "/p") == FileStat(kind="other", size=0)


@pytest.mark.engine
def test_nowhere_in_the_image_is_what_the_container_was_given(docker: Bench) -> None:
    name = f"slipway-test/{docker.instance}:kept"
    try:
        made = commit(docker, given(docker, image=docker.image), name)
        client = docker.engine._connection.calls()  # type: ignore[attr-defined]
        told = json.dumps([client.inspect_image(made), client.history(made)])
        archive = b"".join(docker.engine.save([name], cancelled=never, timeout=60.0))
        for secret in (CANARY, "PASSWORD", "of-the-container"):
            assert secret not in told
            assert secret.encode() not in archive
        assert client.inspect_image(made)["Author"] == "ann"
        assert client.history(made)[0]["Comment"] == "as it was"
        over = docker.run_to_end("test -e /made && ! test -e /bin/nc && echo $PASSWORD$MODE", image=made)
        assert over.exit_code == 0
        assert [entry.text for entry in docker.engine.tail(over.container_id, lines=5)] == [""]
        raw = [tag for image in docker.engine.list_images(labels={}) for tag in image.tags if tag.endswith(".raw")]
        assert not [tag for tag in raw if docker.instance in tag]
    finally:
        sweep(docker, name)


def test_layers_that_an_engine_saved_once_are_written_for_each(bench: Bench) -> None:
    saved = _archive({"a/layer.tar": b"first", "b/layer.tar": "../a/layer.tar"}, ["a/layer.tar", "b/layer.tar"])
    pieces = with_settings(io.BytesIO(saved), {"Env": ["A=1"]}, author="ann", message="why", step="files")
    with tarfile.open(fileobj=io.BytesIO(b"".join(pieces)), mode="r:") as made:
        (manifest,) = json.loads(made.extractfile("manifest.json").read())  # type: ignore[union-attr]
        config = json.loads(made.extractfile(manifest["Config"]).read())  # type: ignore[union-attr]
        layers = [made.extractfile(name).read() for name in manifest["Layers"]]  # type: ignore[union-attr]
        assert sorted(made.getnames()) == sorted(["manifest.json", manifest["Config"], *manifest["Layers"]])
    assert layers == [b"first", b"first"]
    assert config["config"] == {"Env": ["A=1"]}
    assert config["history"] == [
        {"created_by": "base"},
        {"created": "now", "author": "ann", "created_by": "files", "comment": "why"},
    ]
    assert CANARY not in json.dumps(config)


@pytest.mark.parametrize("junk", [b"", b"junk" * 1000, b"{}"])
def test_an_archive_that_is_none_is_an_engines_fault(junk: bytes) -> None:
    with pytest.raises(EngineError):
        list(with_settings(io.BytesIO(junk), {}, author="", message="", step=""))


def _archive(layers: dict[str, bytes | str], order: list[str]) -> bytes:
    """What an engine saves; a layer that is text is a link."""
    config = {
        "architecture": "amd64",
        "os": "linux",
        "created": "now",
        "config": {"Env": [f"PASSWORD={CANARY}"]},
        "container_config": {"Env": [f"PASSWORD={CANARY}"]},
        "history": [{"created_by": "base"}, {"created": "now", "created_by": CANARY}],
        "rootfs": {"type": "layers", "diff_ids": []},
    }
    manifest = [{"Config": "c.json", "RepoTags": ["x:1"], "Layers": order}]
    texts = {"c.json": json.dumps(config).encode(), "manifest.json": json.dumps(manifest).encode(), "a/json": b"{}"}
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for name, content in {**texts, **layers}.items():
            info = tarfile.TarInfo(name)
            if isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
                tar.addfile(info)
            else:
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return made.getvalue()
