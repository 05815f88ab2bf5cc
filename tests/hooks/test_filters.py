"""Which events build, and whose repository is meant: as tables."""

import pytest

from tests.hooks.given import COMMIT
from webapp.hooks.events import Push
from webapp.hooks.filters import names_repository, why_not


def a_push(branch: str = "", tag: str = "", paths: tuple[str, ...] | None = None) -> Push:
    return Push(branch=branch, tag=tag, commit=COMMIT, author="", repositories=(), paths=paths)


@pytest.mark.parametrize(
    ("push", "branches", "tags", "paths", "builds"),
    [
        (a_push("main"), ["main"], [], [], True),
        (a_push("main2"), ["main"], [], [], False),
        (a_push("MAIN"), ["main"], [], [], False),
        (a_push("release/1.2"), ["release/*"], [], [], True),
        (a_push("a/b/c"), ["a/*"], [], [], True),
        (a_push("v1"), ["v?"], [], [], True),
        (a_push("main"), [], ["*"], [], False),
        (a_push("x"), ["main", "[xy]"], [], [], True),
        (a_push(tag="v1"), ["*"], [], [], False),
        (a_push(tag="v1"), [], ["v*"], [], True),
        (a_push(tag="v1"), [], ["v*"], ["shop/*"], True),
        (a_push("main", paths=("shop/a", "docs/b")), ["*"], [], ["shop/*"], True),
        (a_push("main", paths=("docs/b",)), ["*"], [], ["shop/*", "*.py"], False),
        (a_push("main", paths=()), ["*"], [], ["shop/*"], False),
        (a_push("main", paths=None), ["*"], [], ["shop/*"], True),
    ],
)
def test_filters_are_few_but_true(
    push: Push, branches: list[str], tags: list[str], paths: list[str], builds: bool
) -> None:
    assert (why_not(push, branches=branches, tags=tags, paths=paths) == "") is builds


@pytest.mark.parametrize(
    ("told", "same"),
    [
        ("https://git.example.org/team/shop.git", True),
        ("https://git.example.org/team/shop", True),
        ("https://git.example.org/team/shop/", True),
        ("https://GIT.example.org:443/Team/Shop.git", True),
        ("http://git.example.org/team/shop.git", True),
        ("https://bot:pw@git.example.org/team/shop.git", True),
        ("https://git.example.org/team/shop2.git", False),
        ("https://git.example.org.evil.example/team/shop.git", False),
        ("https://git.example.org:8443/team/shop.git", False),
        ("https://evil.example/?https://git.example.org/team/shop.git", False),
        ("git.example.org/team/shop.git", False),
        ("git@git.example.org:team/shop.git", True),
        ("ssh://git@git.example.org/team/shop.git", True),
        ("ssh://git@git.example.org:2222/team/shop.git", False),
        ("git@evil.example:git.example.org/team/shop.git", False),
        ("https://[bad/team/shop.git", False),
        ("", False),
    ],
)
def test_a_repository_is_known_by_its_address_however_it_is_spelled(told: str, same: bool) -> None:
    assert names_repository("https://git.example.org/team/shop.git", ["https://else.example/x", told]) is same


@pytest.mark.parametrize(
    ("told", "same"),
    [
        ("ssh://git@git.example.org:2222/team/shop.git", True),
        ("https://git.example.org/team/shop.git", False),
        ("ssh://git@git.example.org/team/shop.git", False),
    ],
)
def test_a_repository_by_ssh_at_a_port_of_its_own_is_known_by_its_ssh_address(told: str, same: bool) -> None:
    assert names_repository("ssh://git@git.example.org:2222/team/shop.git", [told]) is same
