"""Which instruction of an image's history made which of its layers."""

from typing import Any

import pytest

from runtime.engine.docker_history import read_layers


def entry(words: str, size: int = 0) -> dict[str, Any]:
    return {"CreatedBy": words, "Size": size, "Created": 7}


BUILDKIT = [
    entry("COPY busybox /bin/busybox # buildkit", 5),
    entry("RUN /bin/busybox --install -s /bin # buildkit"),
    entry('CMD ["sh"]'),
    entry("ENV A=1"),
    entry("RUN /bin/sh -c echo one # buildkit"),
]
CLASSIC = [
    entry("/bin/sh -c #(nop) COPY file:aa in /bin/busybox ", 5),
    entry("/bin/busybox --install -s /bin"),
    entry('/bin/sh -c #(nop)  CMD ["sh"]'),
    entry("/bin/sh -c echo one"),
]
WENT = [entry("ADD x /", 5), entry("WORKDIR /app"), entry("RUN /bin/sh -c true # buildkit"), entry("USER 1")]


@pytest.mark.parametrize(
    ("history", "layers", "having"),
    [
        ([*BUILDKIT, entry("/bin/sh -c true"), entry("/bin/sh -c echo > /x", 3)], 4, [0, 1, 4, 6]),
        (BUILDKIT, 3, [0, 1, 4]),
        (BUILDKIT, 1, [0]),
        (CLASSIC, 3, [0, 1, 3]),
        (WENT, 2, [0, 2]),
        (WENT, 3, [0, 1, 2]),
        ([entry("")], 1, [0]),
        (BUILDKIT, 2, []),
        (BUILDKIT, 9, []),
    ],
)
def test_steps_have_layers_and_what_only_says_something_has_none(
    history: list[dict[str, Any]], layers: int, having: list[int]
) -> None:
    digests = [f"sha256:{number}" for number in range(layers)]
    found = read_layers(history, digests)
    assert [at for at, layer in enumerate(found) if layer.digest] == having
    assert [layer.digest for layer in found if layer.digest] == (digests if having else [])
