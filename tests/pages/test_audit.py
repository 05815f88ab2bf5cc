"""The trail's page: who sees which entries, the filters, the chain."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils.timezone import now

from tests.cast import EVERYBODY, ROLES, Cast
from tests.pages.reading import SCRIPT, get, post
from webapp.audit import views
from webapp.audit.services import flush_refusals, record, record_refusal

pytestmark = pytest.mark.thorough

TRAIL = "/audit/"


def note(cast: Cast, action: str = "image.define", **facts: str) -> int:
    """An entry of the cast's team; its number."""
    entry = record(
        actor=cast.actor("developer"),
        action=action,
        target_type="image",
        target=facts.get("target", "harbour-front"),
        team_id=facts.get("team_id", cast.team.id),
        project_id=cast.project.id,
        before={"port": 80},
        after={"port": 8080},
    )
    return entry.number


@pytest.mark.parametrize("who", EVERYBODY)
def test_everybody_sees_the_trail_of_their_teams(cast: Cast, who: str) -> None:
    note(cast)
    html = get(cast.client(who), TRAIL)
    assert ("harbour-front" in html) == (who in ROLES)
    assert ("Verify the chain" in html) == (who == "admin")


@pytest.mark.parametrize(
    ("query", "fits"),
    [
        ("actor=developer", True),
        ("actor=viewer", False),
        ("action=image.", True),
        ("action=build", False),
        ("target=harbour", True),
        ("target=other", False),
        ("outcome=done", True),
        ("outcome=refused", False),
        ("since=2000-01-01", True),
        ("until=2000-01-01", False),
    ],
)
def test_filters_narrow_the_list(cast: Cast, query: str, fits: bool) -> None:
    note(cast)
    html = get(cast.client("owner"), f"{TRAIL}?{query}")
    assert ("image harbour-front" in html) == fits
    assert ("Nothing fits these filters" in html) != fits


def test_a_filter_by_team_and_by_project_offers_ones_own_only(cast: Cast) -> None:
    note(cast)
    owner = cast.client("owner")
    assert "harbour-front" in get(owner, f"{TRAIL}?team={cast.team.id}&project={cast.project.id}")
    answer = owner.get(TRAIL, {"team": cast.rivals.id})
    assert answer.status_code == 400
    assert "harbour-front" not in answer.content.decode()


def test_a_date_that_is_none_is_told_at_its_field(cast: Cast) -> None:
    answer = cast.client("owner").get(TRAIL, {"since": "yesterday"})
    assert answer.status_code == 400
    assert "Enter a valid date" in answer.content.decode()


def test_pages_go_back_in_time_and_keep_the_filters(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "SHOWN", 2)
    numbers = [note(cast) for _ in range(3)]
    first = get(cast.client("owner"), f"{TRAIL}?action=image.define")
    assert f'id="entry-{numbers[2]}"' in first
    assert f'id="entry-{numbers[0]}"' not in first
    assert "?page=2&amp;action=image.define" in first
    assert f'id="entry-{numbers[0]}"' in get(cast.client("owner"), f"{TRAIL}?page=2&action=image.define")


def test_what_changed_is_text(cast: Cast) -> None:
    note(cast, target=SCRIPT)
    html = get(cast.client("owner"), TRAIL)
    assert SCRIPT not in html
    assert "<dt>port</dt>" in html


def test_the_chain_is_walked_for_the_admin_alone(cast: Cast) -> None:
    note(cast)
    url = reverse("audit_verification")
    assert post(cast.client("owner"), url) == 403
    answer = cast.client("admin").post(url, follow=True)
    assert "The chain is whole" in answer.content.decode()


def test_what_changed_stands_before_beside_after_and_no_object_is_dumped(cast: Cast) -> None:
    record(
        actor=cast.actor("owner"),
        action="service.change",
        target_type="service",
        team_id=cast.team.id,
        before={"settings": {"limits": {"cpus": 1}, "replicas": 2}},
        after={"settings": {"limits": {"cpus": 2}, "replicas": 2}},
    )
    html = " ".join(get(cast.client("viewer"), TRAIL).split())
    assert "<dt>settings / limits / cpus</dt>" in html and "&#x27;cpus&#x27;" not in html
    assert '<span class="soft">before</span> <span class="mono">1</span>' in html
    assert "replicas</dt>" not in html


def test_a_failed_sign_in_names_the_account_and_how_often(cast: Cast) -> None:
    for _ in range(3):
        record_refusal(actor=None, action="auth.sign_in", reason="wrong password", target_type="user", target="owner")
    flush_refusals(now=now() + timedelta(minutes=2))
    html = " ".join(get(cast.client("admin"), TRAIL).split())
    assert "user owner" in html and "wrong password" in html and "2 times more, within a minute" in html
