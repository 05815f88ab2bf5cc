"""What every engine promises about builds and images, by whichever builder."""

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from runtime.contract.names import LABEL_INSTANCE
from runtime.engine.base import CANCEL_WITHIN
from runtime.engine.docker import DockerEngine
from runtime.engine.errors import (
    BaseUnreachable,
    BuildFailed,
    BuildTimeout,
    EngineUnavailable,
    NoSecretMounts,
    NotFound,
    WorkCancelled,
)
from runtime.engine.fake import FakeEngine
from runtime.engine.values import BuildLine, StepFinished, StepStarted
from tests.engine.bench import Bench, image_of
from tests.engine.conftest import bench_of
from tests.waiting import until


def test_a_build_tells_its_steps_and_lines_and_ends_in_an_image(builder: Bench) -> None:
    request = builder.request("RUN echo hello", "RUN echo more", no_cache=True)
    events = builder.build(request)
    image = builder.engine.image(image_of(events))
    assert builder.engine.image(request.tag) == image
    assert image.labels[LABEL_INSTANCE] == builder.instance
    names = {event.key: event.name for event in events if isinstance(event, StepStarted)}
    said = {event.text: names[event.key or ""] for event in events if isinstance(event, BuildLine) and event.key}
    assert said["hello"].endswith("RUN echo hello")
    assert said["more"].endswith("RUN echo more")
    ended = [event.key for event in events if isinstance(event, StepFinished)]
    assert sorted(ended) == sorted(names)


def test_a_second_build_takes_its_steps_from_the_cache(builder: Bench) -> None:
    request = builder.request(f"RUN echo {builder.instance}")
    builder.build(request)
    events = builder.build(request)
    assert any(event.cached for event in events if isinstance(event, StepFinished))
    assert builder.instance not in [event.text for event in events if isinstance(event, BuildLine)]


def test_a_failing_build_names_its_step_and_last_lines(builder: Bench) -> None:
    request = builder.request(f"RUN echo {builder.instance}; echo broken >&2; exit 7", "RUN echo never")
    with pytest.raises(BuildFailed) as caught:
        builder.build(request)
    assert "RUN echo" in caught.value.step
    assert "7" in caught.value.message
    assert set(caught.value.evidence) >= {builder.instance, "broken"}
    assert "never" not in caught.value.evidence
    with pytest.raises(NotFound):
        builder.engine.image(request.tag)


def test_a_build_is_cancelled_at_once_and_nothing_of_it_runs_on(builder: Bench) -> None:
    request = builder.request("RUN echo begun; sleep 246810")
    begun: list[float] = []

    def build() -> None:
        for event in builder.engine.build(request, cancelled=lambda: bool(begun)):
            if isinstance(event, BuildLine) and event.text == "begun":
                begun.append(time.monotonic())

    with pytest.raises(WorkCancelled):
        build()
    assert time.monotonic() - begun[0] < CANCEL_WITHIN
    until(lambda: not _processes("sleep 246810"), seconds=CANCEL_WITHIN)


@pytest.mark.thorough
def test_a_build_ends_at_its_deadline(builder: Bench) -> None:
    request = builder.request("RUN echo begun; sleep 135791", timeout=2.0)
    with pytest.raises(BuildTimeout):
        builder.build(request)
    until(lambda: not _processes("sleep 135791"))


def test_leaving_a_build_in_the_middle_ends_it(builder: Bench) -> None:
    request = builder.request("RUN echo begun; sleep 112233")
    events = builder.engine.build(request, cancelled=lambda: False)
    for event in events:
        if isinstance(event, BuildLine) and event.text == "begun":
            break
    del events, event
    until(lambda: not _processes("sleep 112233"))


def test_layers_are_told_oldest_first(builder: Bench) -> None:
    image_id = image_of(builder.build(builder.request("RUN echo first", "RUN echo second")))
    instructions = [layer.instruction for layer in builder.engine.layers(image_id)]
    first = next(at for at, text in enumerate(instructions) if "echo first" in text)
    second = next(at for at, text in enumerate(instructions) if "echo second" in text)
    assert first < second


def secret_of(bench: Bench, value: str) -> dict[str, Path]:
    file = bench.folder / "a, b"
    file.write_text(value)
    return {"key": file}


def test_a_step_reads_a_secret_that_the_image_does_not_keep(bench: Bench) -> None:
    if isinstance(bench.engine, FakeEngine):
        bench.engine.builder.name = "buildx"
    value = f"canary-{uuid.uuid4().hex}"
    read = "RUN --mount=type=secret,id=key cat /run/secrets/key"
    request = bench.request(read, "RUN test ! -s /run/secrets/key", no_cache=True, secrets=secret_of(bench, value))
    events = bench.build(request)
    assert value in [event.text for event in events if isinstance(event, BuildLine)]
    layers = bench.engine.layers(image_of(events))
    assert any("cat /run/secrets/key" in layer.instruction for layer in layers)
    assert value not in str(layers)


@pytest.mark.parametrize("classic", ["fake", pytest.param("docker-classic", marks=pytest.mark.engine)])
def test_a_builder_that_cannot_mount_secrets_refuses_before_it_builds(
    classic: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    for bench in bench_of(classic, request, tmp_path):
        with pytest.raises(NoSecretMounts):
            bench.build(bench.request("RUN echo x", secrets=secret_of(bench, "sesame")))


@pytest.mark.engine
def test_labels_given_beside_the_dockerfile_leave_every_step_cached(docker_builder: Bench) -> None:
    word, said = uuid.uuid4().hex, []
    for number in ("1", "2"):
        labels = {LABEL_INSTANCE: docker_builder.instance, "org.opencontainers.image.version": number}
        request = docker_builder.request(f"RUN echo {word}", "LABEL org.opencontainers.image.version=theirs")
        events = docker_builder.build(replace(request, labels=labels))
        image = docker_builder.engine.image(image_of(events))
        assert image.labels["org.opencontainers.image.version"] == number
        said.append([event.text for event in events if isinstance(event, BuildLine)])
    assert word in said[0] and word not in said[1]


@pytest.mark.engine
def test_builds_that_begin_alike_share_layers_and_it_is_known_which(docker_builder: Bench) -> None:
    words = [uuid.uuid4().hex for _ in range(3)]
    built = []
    for last in words[1:]:
        request = docker_builder.request(
            f"RUN echo {words[0]} > /same", "ENV A=1", "RUN true", f"RUN echo {last} > /other", "CMD true"
        )
        image_id = image_of(docker_builder.build(request))
        built.append([layer for layer in docker_builder.engine.layers(image_id) if layer.digest])
    one, other = ([layer.digest for layer in layers] for layers in built)
    assert one[:-1] == other[:-1] and one[-1] != other[-1]
    assert any(words[0] in layer.instruction for layer in built[0][:-1])
    assert words[1] in built[0][-1].instruction


@pytest.mark.engine
def test_stages_share_what_they_say_and_only_the_last_is_the_image(docker_builder: Bench) -> None:
    word = uuid.uuid4().hex
    request = docker_builder.request(f"RUN echo {word} > /made", "FROM scratch", "COPY --from=one /made /made")
    text = (request.context / "Dockerfile").read_text()
    (request.context / "Dockerfile").write_text(text.replace("\nRUN", " AS one\nRUN", 1))
    events = docker_builder.build(request)
    assert len([layer for layer in docker_builder.engine.layers(image_of(events)) if layer.size]) == 1
    names = [event.name for event in events if isinstance(event, StepStarted)]
    assert any(word in name for name in names) and any("COPY --from=one" in name for name in names)


@pytest.mark.engine
def test_two_builds_at_once_do_not_mix_their_words(docker_builder: Bench) -> None:
    words = [uuid.uuid4().hex for _ in range(2)]
    requests = [
        docker_builder.request(f"RUN for at in 1 2 3 4 5; do echo {word} $at; done", tag=f"slipway-test/{word}:1")
        for word in words
    ]
    with ThreadPoolExecutor() as threads:
        built = list(threads.map(docker_builder.build, requests))
    for word, other, events in zip(words, reversed(words), built, strict=True):
        said = [event.text for event in events if isinstance(event, BuildLine)]
        assert [text for text in said if text.startswith(word)] == [f"{word} {at}" for at in range(1, 6)]
        assert not any(other in text for text in said)


@pytest.mark.engine
@pytest.mark.thorough
def test_a_line_of_five_megabytes_is_bounded_and_the_build_goes_on(docker_builder: Bench) -> None:
    long = "tr '\\0' x < /dev/zero | head -c 5300000"
    events = docker_builder.build(docker_builder.request(f"RUN {long}; echo", "RUN echo after", no_cache=True))
    lines = [event.text for event in events if isinstance(event, BuildLine)]
    assert 64 * 1024 < max(map(len, lines)) <= 4 * 1024 * 1024 or sum(map(len, lines)) > 1024 * 1024
    assert "after" in lines
    started = {event.key for event in events if isinstance(event, StepStarted)}
    assert started == {event.key for event in events if isinstance(event, StepFinished)}
    image_of(events)


@pytest.mark.engine
def test_files_of_an_image_are_read_without_running_it_and_nothing_is_left(docker_builder: Bench) -> None:
    engine, limit = docker_builder.engine, 100_000
    made = docker_builder.request(
        "RUN mkdir -p /d/sub; echo one > /d/a; echo two > /d/sub/b; ln -s /d/a /d/link; head -c 200000 /dev/zero > /big"
    )
    image_id = image_of(docker_builder.build(made))
    wanted = ["/d", "/d/a", "/nowhere", "/big"]
    assert engine.files(image_id, wanted, limit=limit) == {"/d/a": b"one\n", "/d/sub/b": b"two\n"}
    assert engine.files(image_id, ["/d/link"], limit=limit) == {}
    assert isinstance(engine, DockerEngine)
    client = engine._connection.calls()
    name = f"slipway-look-{image_id.removeprefix('sha256:')[:24]}"
    # What an attempt left that was cut off is no hindrance, and goes.
    client.create_container(image_id, command=["x"], name=name, labels={"slipway.look": "1"})
    assert engine.files(image_id, ["/d/a"], limit=limit) == {"/d/a": b"one\n"}
    assert client.containers(all=True, filters={"name": name}) == []
    with pytest.raises(NotFound):
        engine.files("sha256:" + "0" * 64, ["/d"], limit=limit)


@pytest.mark.engine
def test_arguments_target_and_ignored_files_reach_the_builder(docker_builder: Bench) -> None:
    word = f"a b;c {uuid.uuid4().hex}"  # an engine that built this before would take it from its cache and say nothing
    request = docker_builder.request(
        "AS wanted",
        "ARG WORD",
        "COPY . /here",
        "RUN echo said $WORD; ls -A /here",
        "FROM wanted",
        "RUN echo too far",
        files={"kept": "", "secret.txt": "", ".dockerignore": "# a comment\nsecret.txt\n"},
        args={"WORD": word},
        target="wanted",
    )
    text = (request.context / "Dockerfile").read_text()
    (request.context / "Dockerfile").write_text(text.replace("\nAS wanted", " AS wanted", 1))
    lines = [event.text for event in docker_builder.build(request) if isinstance(event, BuildLine)]
    assert f"said {word}" in lines
    assert "kept" in lines
    assert "secret.txt" not in lines
    assert "too far" not in lines


@pytest.mark.engine
def test_a_build_on_an_image_that_nobody_has_fails_as_the_users(docker_builder: Bench) -> None:
    request = docker_builder.request()
    (request.context / "Dockerfile").write_text("FROM slipway-test/nowhere:9\n")
    with pytest.raises((BuildFailed, BaseUnreachable)) as caught:  # by whether a registry answers where this is tried
        docker_builder.build(request)
    unreachable = isinstance(caught.value, BaseUnreachable)
    assert caught.value.whose == ("host" if unreachable else "user")
    assert not unreachable or "slipway/busybox:1" in caught.value.advice


@pytest.mark.engine
@pytest.mark.parametrize("clis", [None, []])
def test_an_engine_that_is_away_is_told_from_a_build_that_failed(clis: list[str] | None, docker: Bench) -> None:
    away = DockerEngine(address=f"unix://{docker.folder}/nobody.sock", clis=clis)
    with pytest.raises(EngineUnavailable):
        list(away.build(docker.request(), cancelled=lambda: False))
    with pytest.raises(EngineUnavailable):
        away.facts()


def _processes(words: str) -> bool:
    """Does a process with these words in its command run on this machine?"""
    wanted = words.replace(" ", "\0").encode()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (process / "cmdline").read_bytes().startswith(wanted):
                return True
    return False
