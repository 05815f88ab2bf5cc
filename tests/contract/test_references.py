"""Names of images, read as registries and engines read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.contract.references import BadReference, Reference

pytestmark = pytest.mark.thorough

DIGEST = f"sha256:{'0123456789abcdef' * 4}"


@pytest.mark.parametrize(
    ("text", "canonical", "familiar"),
    [
        ("busybox", "docker.io/library/busybox:latest", "busybox:latest"),
        ("busybox:1.36", "docker.io/library/busybox:1.36", "busybox:1.36"),
        ("library/busybox", "docker.io/library/busybox:latest", "busybox:latest"),
        ("docker.io/busybox", "docker.io/library/busybox:latest", "busybox:latest"),
        ("index.docker.io/team/app", "docker.io/team/app:latest", "team/app:latest"),
        ("host:5000/app", "host:5000/app:latest", "host:5000/app:latest"),
        ("localhost/app:2", "localhost/app:2", "localhost/app:2"),
        ("[::1]:5000/app:2", "[::1]:5000/app:2", "[::1]:5000/app:2"),
        ("Registry.Example.Org/a/b/c", "registry.example.org/a/b/c:latest", "registry.example.org/a/b/c:latest"),
        (f"app@{DIGEST}", f"docker.io/library/app@{DIGEST}", f"app@{DIGEST}"),
        (f"host:5000/app:1@{DIGEST}", f"host:5000/app:1@{DIGEST}", f"host:5000/app:1@{DIGEST}"),
        ("library/library/x", "docker.io/library/library/x:latest", "library/library/x:latest"),
        ("docker.io/a.b/c", "docker.io/a.b/c:latest", "docker.io/a.b/c:latest"),
        ("docker.io/localhost/c", "docker.io/localhost/c:latest", "docker.io/localhost/c:latest"),
        ("a__b-c.d--e", "docker.io/library/a__b-c.d--e:latest", "a__b-c.d--e:latest"),
    ],
)
def test_a_name_is_read_as_an_engine_reads_it(text: str, canonical: str, familiar: str) -> None:
    read = Reference.parse(text)
    assert str(read) == canonical
    assert read.familiar == familiar
    assert Reference.parse(familiar) == read


@pytest.mark.parametrize(
    "text",
    [
        "", "x;y", "../x", "x/../y", "/x", "x/", "x//y", "x" * 500, "Team/App", "App", "-x", "x-", "a___b", "a..b",
        "x:", "x:-1", "x:" + "t" * 129, "x y", "x\n", "x:1\n", "$(id)", "x@", "x@sha256:abc", f"x@{DIGEST}0",
        f"x@{DIGEST.upper()}", f"x@sha512:{'0' * 128}", "host:/x", "host:99999/x", "host:0/x", "ho_st.org/x",
        ":5000/x", "https://registry.example.org/x", "user:password@host.org/x", "bücher/x", "0" * 64, "[::1/x",
        "a/" * 130 + "a", f"x@{DIGEST}@{DIGEST}", "x:1:2",
    ],
)  # fmt: skip
def test_what_is_no_name_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(BadReference) as caught:
        Reference.parse(text)
    assert str(caught.value).endswith(".") and "\n" not in str(caught.value)
    assert isinstance(caught.value, ValueError)


def test_a_reference_is_checked_however_it_is_made() -> None:
    for registry, repository, tag in (("docker", "a/b", "1"), ("docker.io", "bare", "1"), ("h.org", "a", None)):
        with pytest.raises(BadReference):
            Reference(registry, repository, tag)


_word = st.from_regex(r"[a-z0-9]{1,8}(?:(?:\.|_|__|-{1,3})[a-z0-9]{1,8}){0,2}", fullmatch=True)
_registry = st.one_of(
    st.just("docker.io"),
    st.just("localhost"),
    st.from_regex(r"[a-z][a-z0-9]{0,8}(?:\.[a-z0-9]{1,8}){1,2}(?::[1-9][0-9]{0,3})?", fullmatch=True),
)


@st.composite
def references(draw: st.DrawFn) -> Reference:
    registry = draw(_registry)
    parts = draw(st.lists(_word, min_size=2 if registry == "docker.io" else 1, max_size=4))
    tag = draw(st.none() | st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}", fullmatch=True))
    digest = draw(st.just(DIGEST) if tag is None else st.none() | st.just(DIGEST))
    return Reference(registry, "/".join(parts), tag, digest)


@given(references())
def test_what_is_written_is_read_as_the_same(reference: Reference) -> None:
    assert Reference.parse(str(reference)) == reference
    assert Reference.parse(reference.familiar) == reference


@given(st.text(max_size=300))
def test_any_text_is_a_canonical_name_or_refused(text: str) -> None:
    try:
        read = Reference.parse(text)
    except BadReference:
        return
    assert Reference.parse(str(read)) == read
    assert str(read).isascii() and str(read).isprintable() and " " not in str(read)
