"""Whose fault a build's end is, and what to do, told from the builder's words."""

import pytest

from runtime.engine.docker_build import failure_of
from runtime.engine.errors import BaseUnreachable, BuildFailed, DiskFull, EngineError, EngineUnavailable
from runtime.engine.progress import PlainProgress

LOOKUP = "dial tcp: lookup registry.example.org on 10.0.0.2:53: no such host"


def ended(words: str) -> PlainProgress:
    """A build whose second step ended with these words."""
    progress = PlainProgress()
    for line in (
        "#1 [1/2] FROM one",
        "#1 DONE 0.1s",
        "#2 [2/2] the step",
        "#2 0.1 the last line",
        f"#2 ERROR: {words}",
    ):
        list(progress.feed(line))
    return progress


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (
            f'failed to do request: Head "https://registry.example.org/v2/b/manifests/1": {LOOKUP}',
            BaseUnreachable,
        ),
        (f'Get "https://registry.example.org/v2/": {LOOKUP}', BaseUnreachable),
        (f"busybox:1: failed to resolve source metadata for registry.example.org/busybox:1: {LOOKUP}", BaseUnreachable),
        (f"failed to load cache key: Get https://example.org/file.tar: {LOOKUP}", BuildFailed),
        ("executor failed running [/bin/sh -c wget -q example.org]: exit code: 1", BuildFailed),
        ("pull access denied, repository does not exist or may require authorization", BuildFailed),
        ("write /layer.tar: no space left on device", DiskFull),
        ("Cannot connect to the Docker daemon at unix:///var/run/docker.sock", EngineUnavailable),
    ],
)
def test_an_end_is_told_by_its_words(words: str, kind: type[EngineError]) -> None:
    error = failure_of(ended(words))
    assert type(error) is kind
    assert error.problem().evidence == ["the last line"]


def test_without_a_registry_the_base_that_slipway_makes_is_advised() -> None:
    problem = failure_of(ended(f'Get "https://registry.example.org/v2/": {LOOKUP}')).problem()
    assert "FROM slipway/busybox:1" in problem.advice
    assert (problem.whose, problem.retry_helps) == ("host", True)
