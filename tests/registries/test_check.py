"""A registry is asked whether it lets Slipway in, and what it holds; whatever it says is told with what to do."""

from collections.abc import Iterator

import pytest
from django.utils.timezone import now

from tests.cast import Cast
from tests.registries.far import DIGEST, Far, serving
from webapp.problems import Forbidden, Invalid
from webapp.registries import services
from webapp.registries.client import Unwilling
from webapp.registries.models import Registry

pytestmark = pytest.mark.thorough


@pytest.fixture
def far() -> Iterator[Far]:
    with serving(Far(kind="bearer")) as running:
        yield running


def known(cast: Cast, far: Far, *, password: str = "let me in") -> Registry:
    return services.add_registry(
        actor=cast.actor("operator"),
        team=cast.team,
        project=cast.project,
        url=far.url,
        username="robot" if password else "",
        password=password,
    )


@pytest.mark.parametrize("kind", ["open", "basic", "bearer"])
def test_a_registry_that_lets_us_in_has_nothing_to_complain_of(cast: Cast, far: Far, kind: str) -> None:
    far.kind = kind  # type: ignore[assignment]
    checked = services.check_registry(actor=cast.actor("operator"), registry=known(cast, far), now=now())
    assert checked.complaint == "" and checked.checked_at is not None


@pytest.mark.parametrize("kind", ["basic", "bearer"])
def test_a_wrong_password_is_told_and_not_repeated(cast: Cast, far: Far, kind: str) -> None:
    far.kind = kind  # type: ignore[assignment]
    registry = known(cast, far, password="canary-password")
    checked = services.check_registry(actor=cast.actor("operator"), registry=registry, now=now())
    assert "does not let in robot" in checked.complaint and "canary" not in checked.complaint


def test_without_a_password_nobody_is_sent(cast: Cast, far: Far) -> None:
    far.kind = "basic"
    checked = services.check_registry(actor=cast.actor("operator"), registry=known(cast, far, password=""), now=now())
    assert "without a password" in checked.complaint
    assert all(proof == "" for _, proof in far.asked)


@pytest.mark.parametrize("status", [404, 500, 429])
def test_what_is_no_registry_or_not_well_is_told(cast: Cast, far: Far, status: int) -> None:
    far.broken = status
    checked = services.check_registry(actor=cast.actor("operator"), registry=known(cast, far), now=now())
    assert checked.complaint.endswith(("address.", "later."))


def test_the_password_goes_to_no_address_that_a_registry_merely_names(cast: Cast, far: Far) -> None:
    far.realm = "http://10.0.0.1/token"
    checked = services.check_registry(actor=cast.actor("operator"), registry=known(cast, far), now=now())
    assert "not one to send a password to" in checked.complaint


def test_what_it_holds_is_listed_with_the_digests_of_the_tags(cast: Cast, far: Far) -> None:
    registry, viewer = known(cast, far), cast.actor("viewer")
    assert services.list_repositories(actor=viewer, registry=registry) == ["shop/front"]
    found = services.list_tags(actor=viewer, registry=registry, repository="shop/front")
    assert [(tag.name, tag.digest) for tag in found] == [("2", DIGEST), ("1", DIGEST)]
    assert services.list_tags(actor=viewer, registry=registry, repository="not/there") == []


@pytest.mark.parametrize("repository", ["", "../x", "a b", "A", "x" * 300, "a?b", "a:b", "a@b"])
def test_a_name_that_is_none_is_not_asked_for(cast: Cast, far: Far, repository: str) -> None:
    registry = known(cast, far)
    with pytest.raises(Invalid):
        services.list_tags(actor=cast.actor("viewer"), registry=registry, repository=repository)
    assert far.asked == []


def test_a_registry_that_is_away_is_told_apart(cast: Cast, far: Far) -> None:
    registry = known(cast, far)
    Registry.objects.filter(id=registry.id).update(address="127.0.0.1:9")
    registry.refresh_from_db()
    checked = services.check_registry(actor=cast.actor("operator"), registry=registry, now=now())
    assert "refuses the connection" in checked.complaint


def test_an_answer_that_is_no_json_is_told(cast: Cast, far: Far) -> None:
    far.kind = "open"
    far.repositories = {"odd": None}  # type: ignore[dict-item]
    registry = known(cast, far)
    assert services.list_tags(actor=cast.actor("viewer"), registry=registry, repository="odd") == []
    far.broken = 418
    with pytest.raises(Unwilling):
        services.list_repositories(actor=cast.actor("viewer"), registry=registry)


def test_a_developer_does_not_ask_with_the_password(cast: Cast, far: Far) -> None:
    registry = known(cast, far)
    with pytest.raises(Forbidden):
        services.check_registry(actor=cast.actor("developer"), registry=registry, now=now())
    with pytest.raises(Forbidden):
        services.list_repositories(actor=cast.actor("stranger"), registry=registry)
    assert far.asked == []
