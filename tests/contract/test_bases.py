"""A password goes to no registry but those that a Dockerfile names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.contract.bases import named_registries

HUB = "docker.io"


@pytest.mark.parametrize(
    ("dockerfile", "named"),
    [
        ("FROM scratch", set()),
        ("FROM busybox:1", {HUB}),
        ("FROM r.example.org/base:1 AS build\nFROM scratch\nCOPY --from=build /a /a", {"r.example.org", HUB}),
        ("FROM scratch\nCOPY --from=0 /a /a", set()),
        ("FROM --platform=linux/amd64 r.example.org:5000/base", {"r.example.org:5000"}),
        ("ARG WHERE=r.example.org\nFROM ${WHERE}/base", {"r.example.org"}),
        ('ARG WHERE="r.example.org" NEXT\nFROM $WHERE/base', {"r.example.org"}),
        ("ARG A=r.example\nARG B=${A}.org\nFROM ${B}/base", {"r.example.org"}),
        ("FROM ${NOWHERE:-d.example.org}/base", {"d.example.org"}),
        ("from \\\n  r.example.org/base", {"r.example.org"}),
        ("FROM scratch\nCOPY --chown=1:1 --from=c.example.org/tools:1 /a /a", {"c.example.org"}),
        ("FROM scratch\nRUN --mount=type=bind,from=m.example.org/x,target=/x true", {"m.example.org"}),
        ("# FROM evil.example.org/a\nFROM scratch", set()),
        ("FROM scratch\nRUN echo FROM evil.example.org/a", set()),
        ("FROM r.example.org/Upper", set()),
    ],
)
def test_every_way_of_naming_an_image_is_read(dockerfile: str, named: set[str]) -> None:
    assert named_registries(dockerfile, {}) == named


def test_an_argument_of_the_build_goes_before_what_the_dockerfile_says() -> None:
    text = "ARG WHERE=r.example.org\nFROM ${WHERE}/base"
    assert named_registries(text, {"WHERE": "other.example.org"}) == {"other.example.org"}


@given(st.text(max_size=300))
def test_whatever_a_dockerfile_holds_it_is_read_to_its_end(text: str) -> None:
    assert all(isinstance(host, str) and host for host in named_registries(f"FROM x.example.org/a\n{text}", {}))
