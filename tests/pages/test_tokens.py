"""Pages of tokens: made, shown once, revoked."""

import re

import pytest
from django.urls import reverse

from tests.cast import EVERYBODY, Cast
from tests.pages.reading import SCRIPT, get, post
from webapp.teams.models import Token
from webapp.teams.services import find_token

pytestmark = pytest.mark.thorough

URL = "/tokens/"


@pytest.mark.parametrize("who", EVERYBODY)
def test_everybody_sees_their_own_tokens(cast: Cast, who: str) -> None:
    cast.token("owner", "read")
    assert "No token yet" in get(cast.client("stranger"), URL)
    assert ("owner&#x27;s" in get(cast.client(who), URL)) == (who == "owner")


def test_the_secret_is_in_the_answer_and_never_again(cast: Cast) -> None:
    answer = cast.client("developer").post(URL, {"name": "CI", "scopes": ["read", "build"]})
    secret = re.search(r"slw_[0-9a-f]+_[\w-]+", answer.content.decode())
    assert secret is not None
    token = find_token(secret[0])
    assert token is not None
    assert (token.name, token.scopes) == ("CI", ["build", "read"])
    assert secret[0] not in get(cast.client("developer"), URL)


def test_a_teams_token_is_the_owners_to_make(cast: Cast) -> None:
    fields = {"name": "Team CI", "scopes": ["deploy"], "team": cast.team.id, "role": "developer"}
    assert post(cast.client("developer"), URL, **fields) == 403
    assert post(cast.client("stranger"), URL, **fields) == 422
    assert post(cast.client("owner"), URL, **fields) == 200
    assert Token.objects.get(name="Team CI").user is None


def test_what_is_missing_is_said(cast: Cast) -> None:
    answer = cast.client("owner").post(URL, {"name": "", "scopes": []})
    assert answer.status_code == 422
    assert answer.content.decode().count('class="error"') == 2
    assert post(cast.client("owner"), URL, name="x", scopes=["read"], expires_at="2001-01-01T00:00") == 400


def test_revoking_is_for_whose_it_is(cast: Cast) -> None:
    token, secret = cast.token("developer", "read")
    url = reverse("token_revoke", args=[token.id])
    assert post(cast.client("stranger"), url) == 404
    assert post(cast.client("owner"), url) == 404
    assert post(cast.client("developer"), url) == 302
    assert find_token(secret) is None
    assert post(cast.client("developer"), url) == 302


def test_a_tokens_name_is_text(cast: Cast) -> None:
    token, _ = cast.token("owner", "read")
    Token.objects.filter(id=token.id).update(name=SCRIPT)
    assert SCRIPT not in get(cast.client("owner"), URL)
