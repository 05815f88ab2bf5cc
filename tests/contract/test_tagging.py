"""Tag templates: whatever a branch is called, what is pushed is a lawful tag."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.contract.tagging import PLACEHOLDERS, complaint, tags_for

NOW = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def test_each_placeholder_has_its_value() -> None:
    templates = ["{branch}-{number}", "{short}", "{commit}", "{date}", "latest"]
    found = tags_for(templates, number=42, now=NOW, commit=COMMIT, branch="main")
    assert found.tags == ("main-42", COMMIT[:12], COMMIT, "20261124", "latest")
    assert found.left_out == {}


def test_a_git_tag_that_is_a_version_gives_its_parts() -> None:
    found = tags_for(["{version}", "{minor}", "{major}", "{tag}"], number=1, now=NOW, git_tag="v2.10.3")
    assert found.tags == ("2.10.3", "2.10", "2", "v2.10.3")


def test_a_version_before_its_release_moves_no_shorter_tag() -> None:
    found = tags_for(["{version}", "{minor}", "{major}"], number=1, now=NOW, git_tag="2.1.0-rc.1")
    assert found.tags == ("2.1.0-rc.1",)
    assert set(found.left_out) == {"{minor}", "{major}"} and "2.1.0-rc.1" in found.left_out["{major}"]


@pytest.mark.parametrize("template", ["{branch}", "{tag}", "{commit}", "{version}", "x-{short}"])
def test_what_a_build_does_not_have_is_left_out_with_the_reason(template: str) -> None:
    found = tags_for([template, "{number}"], number=7, now=NOW)
    assert found.tags == ("7",) and found.left_out[template].startswith("The build is not of a")


def test_two_templates_that_come_to_the_same_are_pushed_once() -> None:
    assert tags_for(["{number}", "7"], number=7, now=NOW).tags == ("7",)


@pytest.mark.parametrize(
    "template", ["", "{", "a b", ".x", "-x", "{unknown}", "{branch:>9}", "{0}", "x" * 201, "a/b", "x:y", "{}", "ü"]
)
def test_a_bad_template_is_told_at_the_door(template: str) -> None:
    assert complaint(template)


@pytest.mark.parametrize("template", ["latest", "{branch}", "v{version}-{date}", "_x.{number}", "{short}"])
def test_a_good_one_is_taken(template: str) -> None:
    assert complaint(template) is None


@given(
    templates=st.lists(st.text(alphabet="ab.-_{}", max_size=12) | st.sampled_from([f"{{{p}}}" for p in PLACEHOLDERS])),
    branch=st.text(max_size=300),
    git_tag=st.text(max_size=300) | st.from_regex(r"v?\d+\.\d+\.\d+(-[a-z.]+)?", fullmatch=True),
    number=st.integers(min_value=1, max_value=10**9),
)
def test_every_tag_is_lawful_and_every_template_accounted_for(
    templates: list[str], branch: str, git_tag: str, number: int
) -> None:
    good = [template for template in templates if complaint(template) is None]
    found = tags_for(good, number=number, now=NOW, commit=COMMIT, branch=branch, git_tag=git_tag)
    assert all(re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}", tag) for tag in found.tags)
    assert len(found.tags) == len(set(found.tags)) and set(found.left_out) <= set(good)
    assert len(set(good)) >= len(found.tags) and (bool(found.tags) or set(found.left_out) == set(good))
