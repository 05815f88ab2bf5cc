"""What no build gets is refused, in every spelling that a builder would read."""

import pytest

from runtime.dockerfile import (
    MAX_CONTINUED,
    MAX_DOCKERFILE_BYTES,
    DockerfileRefused,
    base_images,
    check_build_args,
    check_dockerfile,
)


@pytest.mark.parametrize(
    "text",
    [
        "# syntax=evil/frontend\nFROM a",
        "#syntax = docker/dockerfile:1\nFROM a",
        "\ufeff# SYNTAX=evil\nFROM a",
        "// syntax=evil\nFROM a",
        '{"syntax": "evil"}',
        "FROM a\nRUN --network=host true",
        "FROM a\nrun --NETWORK=HOST true",
        "FROM a\nRUN \\\n  --network=host true",
        "FROM a\nRUN \\\n# a comment\n\n  --network=host true",
        "FROM a\nRUN --net\\work=host true",
        "FROM a\nRUN --\"network\"='host' true",
        "FROM a\nRUN --mount=type=bind,target=/x --network=host true",
        'FROM a\nRUN --mount="type=bind,target=/a b" --network=host true',
        "FROM a\nONBUILD RUN --network=host true",
        "FROM a\nRUN --security=insecure true",
        "FROM a\nRUN --device=all true",
        "FROM a\nRUN --mount=type=cache,target=/root/.cache true",
        'FROM a\nRUN --mount="target=/x,type=cache" true',
        "FROM a\nRUN --mount=type=$T,target=/x true",
        "# escape=`\nFROM a\nRUN `\n--network=host true",
        "FROM a\n# escape=`\nRUN \\\n--network=host true",
        "FROM a\nRUN echo \\\\\nRUN --network=host true",
        "FROM a\nRUN echo <<EOF\nRUN --network=host true\nEOF",
        "FROM a\nRUN\u000b--network=host true",
        "FROM a\nRUN " + "\\\n" * (MAX_CONTINUED + 1) + "--network=host true",
        "FROM a\nRUN true\x00",
        "FROM a\n" + "#" * MAX_DOCKERFILE_BYTES,
    ],
)
def test_what_widens_a_build_is_refused(text: str) -> None:
    with pytest.raises(DockerfileRefused):
        check_dockerfile(text)


@pytest.mark.parametrize(
    "text",
    [
        "FROM a\nRUN yarn install --network-timeout 100000",
        "FROM a\nRUN echo --network=host",
        "FROM a\nRUN --network=none --mount=type=bind,target=/x make",
        'FROM a\nRUN echo a && \\\n    echo `date` \\\n  && true\nCMD ["x"]',
        'FROM a\nCOPY --from=b /x /y\nRUN ["/bin/x", "--network=host"]',
    ],
)
def test_what_is_common_is_not(text: str) -> None:
    check_dockerfile(text)


@pytest.mark.parametrize(
    "args",
    [
        {"BUILDKIT_SYNTAX": "evil/frontend"},
        {"LD_PRELOAD": "x"},
        {"PATH": "/tmp"},
        {"A=B": "x"},
        {"": "x"},
        {"A\n": "x"},
        {"A": "x" * 100_000},
        {"A": "\x00"},
    ],
)
def test_arguments_that_steer_the_builder_are_refused(args: dict[str, str]) -> None:
    with pytest.raises(DockerfileRefused):
        check_build_args(args)


def test_plain_arguments_are_not() -> None:
    check_build_args({"VERSION": "1; rm -rf /", "http_proxy": ""})


def test_what_it_builds_on_is_found() -> None:
    text = "FROM --platform=linux/amd64 one:1 AS a\nfrom \\\n two@sha256:0\n# FROM three\nCOPY --from=a / /"
    assert base_images(text) == {"one:1", "two@sha256:0"}
