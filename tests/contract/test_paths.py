"""Which names and links stay inside: by example, and for whatever a link may say."""

import os
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime.contract.paths import MAX_PATH, complaint, is_plain, link_complaint, shown


@pytest.mark.parametrize(
    "path",
    ["Dockerfile", ".dockerignore", "a/b/c", "caf\u00e9/\u00fc", "a b", "con.txt", "aux.c", "..a", "a..",
     "~", "-x", "ab:c"],
)  # fmt: skip
def test_plain_names_pass(path: str) -> None:
    assert complaint(path) == ""


@pytest.mark.parametrize(
    "path",
    ["", ".", "..", "../a", "a/..", "a/../b", "/a", "a/", "a//b", "./a", "a\\b", "\\\\host\\x", "C:x", "c:/x", "a\0b",
     "a\nb", "a\u202eb", "a\u200db", "a\x7f", "\ud800", "\U0001f600", "\ufffe", "CON", "a/nul/b", "Lpt1", "COM9",
     "a\u00a0b", " a", "a ", "x" * 201, "/".join("a" * 51), "/".join(["x" * 199] * 6)],
)  # fmt: skip
def test_names_that_could_lead_elsewhere_or_read_as_something_else_do_not(path: str) -> None:
    assert complaint(path) != ""


@given(st.text(min_size=1, max_size=60))
def test_what_passes_stays_below_its_folder_and_is_one_spelling(path: str) -> None:
    if is_plain(path):
        assert os.path.normpath(f"/root/{path}") == f"/root/{path}"
        assert str(PurePosixPath(path)) == path
        assert path.isprintable() and len(path.encode()) <= MAX_PATH


@pytest.mark.parametrize(
    ("path", "target"), [("a", "b"), ("a", "./b"), ("a", "b/c/"), ("x/a", "../b"), ("x/y/a", "../../b"), ("x/a", ".")]
)
def test_links_that_stay_inside_pass(path: str, target: str) -> None:
    assert link_complaint(path, target) == ""


PARTS = st.sampled_from(["a", "b", "c", "..", ".", ""])
NAMES = st.sampled_from(["a", "b", "c"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(
    links=st.lists(
        st.tuples(st.lists(NAMES, min_size=1, max_size=3), st.lists(PARTS, min_size=1, max_size=6)), max_size=6
    )
)
def test_no_set_of_links_that_pass_leads_out_however_they_are_chained(
    links: list[tuple[list[str], list[str]]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """On a real file system: every link that passes is made, where no folder above it is a link."""
    root = Path(os.path.realpath(tmp_path_factory.mktemp("links"))) / "in" / "root"
    root.mkdir(parents=True)
    made = []
    for parts, wanted in links:
        path, target = "/".join(parts), "/".join(wanted)
        place = root / path
        above = [root.joinpath(*parts[:end]) for end in range(1, len(parts))]
        if link_complaint(path, target) or os.path.lexists(place) or any(folder.is_symlink() for folder in above):
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(target)
        made.append(place)
    for place in made:
        assert Path(os.path.realpath(place)).is_relative_to(root)


def test_a_foreign_name_is_shown_without_what_it_hides() -> None:
    assert shown("a\u202e\nb") == "a??b"
    assert len(shown("x" * 4096)) == 101
