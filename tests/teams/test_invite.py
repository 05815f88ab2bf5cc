"""An offer is for one named person, or for somebody new who makes an account by it; it is good once."""

from datetime import timedelta

import pytest
from django.utils.timezone import now

from tests.cast import PASSWORD, Cast, make_user
from webapp.audit.models import Entry
from webapp.problems import Conflicting, Forbidden, Invalid, Missing, Spent
from webapp.teams.models import Invitation, Membership, User
from webapp.teams.policy import actor_for_user
from webapp.teams.services import (
    accept_invitation,
    find_invitation,
    invitations,
    invite,
    join_as_new,
    remove_member,
)

HERE = {"ip": "192.0.2.9", "request_id": "test"}


def open_code(cast: Cast, role: str = "operator") -> str:
    return invite(actor=cast.actor("owner"), team=cast.team, role=role)[1]


def join(code: str, username: str = "mate", password: str = PASSWORD) -> User:
    return join_as_new(code=code, username=username, password=password, **HERE)


def test_somebody_new_makes_an_account_and_has_the_role(cast: Cast) -> None:
    user = join(open_code(cast))
    assert user.check_password(PASSWORD) and not user.is_superuser
    assert Membership.objects.get(user=user).role == "operator"
    told = Entry.objects.get(action="user.created")
    assert (told.actor, told.ip, told.after) == ("mate", HERE["ip"], {"username": "mate", "invited_by": "owner"})
    assert Entry.objects.get(action="member.joined").target == "mate"


def test_it_is_good_once_for_everybody_together(cast: Cast) -> None:
    code = open_code(cast)
    join(code)
    with pytest.raises(Spent):
        join(code, "another")
    with pytest.raises(Spent):
        accept_invitation(actor=cast.actor("stranger"), code=code)
    assert not User.objects.filter(username="another").exists()


def test_who_has_an_account_accepts_it_too_and_a_member_does_not_spend_it(cast: Cast) -> None:
    code = open_code(cast, "viewer")
    with pytest.raises(Conflicting):
        accept_invitation(actor=cast.actor("developer"), code=code)
    assert accept_invitation(actor=cast.actor("stranger"), code=code).role == "viewer"


def test_one_for_a_named_person_makes_no_account_and_is_nobody_elses(cast: Cast) -> None:
    make_user("guest")
    _, code = invite(actor=cast.actor("owner"), team=cast.team, username="guest", role="viewer")
    with pytest.raises(Missing):
        join(code)
    with pytest.raises(Missing):
        accept_invitation(actor=cast.actor("stranger"), code=code)
    guest = actor_for_user(User.objects.get(username="guest"))
    assert accept_invitation(actor=guest, code=code).user.username == "guest"


def test_inviting_a_name_tells_nobody_whether_it_is_anybodys(cast: Cast) -> None:
    for name in ("nobody", make_user("guest").username):
        invitation, _ = invite(actor=cast.actor("owner"), team=cast.team, username=name, role="viewer")
        assert invitation.username == name


@pytest.mark.parametrize(("who", "role"), [("operator", "viewer"), ("viewer", "viewer"), ("stranger", "viewer")])
def test_only_an_owner_invites(cast: Cast, who: str, role: str) -> None:
    with pytest.raises(Forbidden):
        invite(actor=cast.actor(who), team=cast.team, role=role)
    assert not Invitation.objects.exists()


def test_the_code_is_kept_as_its_digest_alone(cast: Cast) -> None:
    code = open_code(cast)
    stored = Invitation.objects.values().get()
    assert code.startswith("slwi_") and len(code) > 40 and code not in str(stored)
    assert code not in str(list(Entry.objects.values()))


def test_of_two_who_come_at_once_one_is_refused(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second read the offer while it was still good."""
    code = open_code(cast)
    stale = find_invitation(code=code)
    join(code)
    monkeypatch.setattr(invitations, "_locked", lambda *_, **__: stale)
    with pytest.raises(Spent):
        join(code, "another")
    with pytest.raises(Spent):
        accept_invitation(actor=cast.actor("stranger"), code=code)
    assert not User.objects.filter(username="another").exists() and not cast.users["stranger"].memberships.filter(
        team=cast.team
    )


@pytest.mark.parametrize(("username", "password"), [("owner", PASSWORD), ("a/b", PASSWORD), ("mate", "password")])
def test_what_makes_no_account_leaves_the_offer_open(cast: Cast, username: str, password: str) -> None:
    code, before = open_code(cast), User.objects.count()
    with pytest.raises((Conflicting, Invalid)):
        join(code, username, password)
    assert User.objects.count() == before
    assert join(code).username == "mate"


def test_an_old_one_and_one_whose_owner_is_gone_open_nothing(cast: Cast) -> None:
    old, orphan = open_code(cast), open_code(cast)
    Invitation.objects.filter(digest=find_invitation(code=old).digest).update(expires_at=now() - timedelta(seconds=1))
    with pytest.raises(Spent):
        join(old)
    Membership.objects.create(team=cast.team, user=cast.users["admin"], role="owner")
    remove_member(actor=cast.actor("admin"), membership=cast.team.memberships.get(user=cast.users["owner"]))
    with pytest.raises(Spent):
        join(orphan)


def test_a_wrong_code_is_none(cast: Cast) -> None:
    with pytest.raises(Missing):
        find_invitation(code="slwi_nothing")
