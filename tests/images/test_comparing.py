"""Two builds of an image side by side."""

from typing import Any

import pytest
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.contract.packages import pack
from tests.cast import ROLES
from tests.deployments.rig import SOURCE, Harbour
from tests.images.given import an_image
from tests.images.test_insight import built
from webapp.images.insight.comparing import compare, compare_address, compare_layers
from webapp.images.models import Inventory
from webapp.images.services import change_image, request_build

pytestmark = pytest.mark.thorough

A, B = "a" * 40, "b" * 40
LAYERS = st.lists(
    st.builds(
        lambda digest, size: {"instruction": f"RUN {digest}", "size": size, "digest": digest},
        st.sampled_from("abcd"),
        st.integers(0, 3),
    ),
    max_size=8,
)


@settings(deadline=None)
@given(LAYERS, LAYERS)
def test_what_both_begin_with_and_what_follows_is_each_image_again(one: Any, other: Any) -> None:
    found = compare_layers(one, other)
    assert found.known
    digests = [layer["digest"] for layer in (*found.common, *found.removed)]
    assert digests == [layer["digest"] for layer in one if layer["size"]]
    digests = [layer["digest"] for layer in (*found.common, *found.added)]
    assert digests == [layer["digest"] for layer in other if layer["size"]]
    assert not found.removed or not found.added or found.removed[0]["digest"] != found.added[0]["digest"]


def test_layers_that_no_engine_named_are_compared_by_what_made_them() -> None:
    one = [{"instruction": "/bin/sh -c make # buildkit", "size": 3, "digest": None}]
    found = compare_layers(one, [{**one[0], "digest": "sha256:a"}, {**one[0], "size": 4}])
    assert (len(found.common), len(found.removed), len(found.added), found.known) == (1, 0, 1, False)
    assert found.common[0]["instruction"] == "RUN make"


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://github.com/team/shop.git", f"https://github.com/team/shop/compare/{A}...{B}"),
        ("https://gitlab.example.org:8443/a/b/c", f"https://gitlab.example.org:8443/a/b/c/-/compare/{A}...{B}"),
        ("git@codeberg.org:team/shop.git", f"https://codeberg.org/team/shop/compare/{A}...{B}"),
        ("ssh://git@gitea.example.org:2222/team/shop.git", f"https://gitea.example.org/team/shop/compare/{A}...{B}"),
        ("https://git.example.org/team/shop.git", None),
        ("https://github.com/a b", None),
        ("javascript:github", None),
        ("", None),
    ],
)
def test_what_lies_between_two_commits_is_shown_where_the_code_host_is_known(url: str, address: str | None) -> None:
    assert compare_address(url, A, B) == address
    assert compare_address(url, A, A) is None and compare_address(url, "", B) is None


def test_definition_layers_size_and_time_are_told(harbour: Harbour) -> None:
    before = built(harbour, seconds=2, size=10, layers={"a": 10})
    change_image(actor=harbour.cast.actor("owner"), image=harbour.image, build={"args": {"A": "1"}})
    after = built(harbour, seconds=9, size=30, layers={"a": 10, "b": 20})
    found = compare(before, after)
    assert [(row.name, row.before, row.after) for row in found.definition.settings] == [("Argument A", None, "1")]
    assert (found.grown, found.longer) == (20, 7)
    assert [len(part) for part in (found.layers.common, found.layers.removed, found.layers.added)] == [1, 0, 1]
    told: Any = harbour.cast.bearer("viewer").get(f"/api/v1/builds/{after.id}/comparison/").json()
    assert (told["before"]["number"], told["after"]["number"], told["grown"], told["longer"]) == (1, 2, 20, 7.0)
    assert told["layers"]["added"][0]["instruction"] == "RUN b" and told["commits"] is None
    other: Any = harbour.cast.bearer("viewer").get(f"/api/v1/builds/{before.id}/comparison/", {"with": after.id})
    assert other.json()["grown"] == -20


def test_only_builds_of_the_same_image_that_are_there_are_compared(harbour: Harbour) -> None:
    cast, first = harbour.cast, harbour.built()
    path = f"/api/v1/builds/{first.id}/comparison/"
    foreign = harbour.built(an_image(cast, source=SOURCE))
    for named in ({}, {"with": "nothing"}, {"with": foreign.id}, {"with": first.id}, {"with": "\0"}):
        refused: Any = cast.bearer("viewer").get(path, named)
        assert refused.status_code == 400 and "with" in refused.json()["errors"]
    stranger: Any = cast.bearer("stranger").get(path)
    assert stranger.status_code == 404


@pytest.mark.thorough
@pytest.mark.parametrize("who", ROLES)
def test_the_page_compares_with_the_one_before_or_another(harbour: Harbour, who: str) -> None:
    client = harbour.cast.client(who)
    first = built(harbour, seconds=2, size=10, layers={"a": 10})
    page = reverse("build_comparison", args=[first.id])
    assert "Nothing to compare with" in client.get(page).content.decode()
    assert page not in client.get(reverse("build", args=[first.id])).content.decode()
    second = built(harbour, seconds=9, size=30, layers={"a": 10, "b": 20})
    page = reverse("build_comparison", args=[second.id])
    assert page in client.get(reverse("build", args=[second.id])).content.decode()
    html = client.get(page).content.decode()
    assert "From build 1 to build 2" in html and "+7.0 s" in html and "+20 B" in html and "Nothing differs." in html
    backwards = client.get(reverse("build_comparison", args=[first.id]), {"with": second.id}).content.decode()
    assert "From build 2 to build 1" in backwards and "\u22127.0 s" in backwards
    waiting = request_build(actor=harbour.cast.actor("owner"), image=harbour.image)
    assert client.get(reverse("build_comparison", args=[waiting.id])).status_code == 200


def test_packages_are_kept_with_the_build_and_compared(harbour: Harbour) -> None:
    old = pack([("musl", "1.2.4"), ("busybox", "1.36"), ("gone", "1"), ("kernel", "5"), ("kernel", "6")])
    new = pack([("musl", "1.2.5"), ("busybox", "1.36"), ("new", "2"), ("kernel", "6"), ("kernel", "7")])
    before = built(harbour, seconds=1, size=1, layers={"a": 1}, packages=old)
    after = built(harbour, seconds=1, size=1, layers={"a": 1}, packages=new)
    found = compare(before, after).packages
    assert found is not None and found.total == 4
    assert (found.added, found.removed) == ((("new", "2"),), (("gone", "1"),))
    assert [(one.name, one.before, one.after) for one in found.changed] == [
        ("kernel", "5", "7"),
        ("musl", "1.2.4", "1.2.5"),
    ]
    told: Any = harbour.cast.bearer("viewer").get(f"/api/v1/builds/{after.id}/comparison/").json()["packages"]
    assert told["added"] == [{"name": "new", "version": "2"}] and told["total"] == 4
    html = harbour.cast.client("viewer").get(reverse("build_comparison", args=[after.id])).content.decode()
    assert "<del>1.2.4</del>" in html and "4 differ" in html


@pytest.mark.parametrize("packed", ["", "nonsense", "x" * 300_000, pack([]), "eJwDAAAAAAE="])
def test_of_packages_that_a_host_did_not_tell_lawfully_nothing_is_kept(harbour: Harbour, packed: str) -> None:
    before = built(harbour, seconds=1, size=1, layers={"a": 1}, packages=pack([("musl", "1")]))
    after = built(harbour, seconds=1, size=1, layers={"a": 1}, packages=packed)
    assert after.state == "succeeded" and Inventory.objects.count() == 1
    assert compare(before, after).packages is None and compare(after, before).packages is None
