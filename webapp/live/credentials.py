"""What a socket lives by: a browser's session or a token. Asked again while the socket lives, many at once.

A changed password ends every socket that was opened before it; the browser that changed it comes again with its new
session.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import msgspec
from django.contrib.sessions.models import Session
from django.utils.timezone import now

from webapp.teams.models import Membership, Token, User
from webapp.teams.policy import Actor, actor_for_token


class Credential(msgspec.Struct, frozen=True):
    """Exactly one of `session` and `token` is set. `password` is a person's password hash when the socket opened."""

    session: str = ""
    token: str = ""
    user: str = ""
    password: str = ""


@dataclass(frozen=True)
class Check:
    """Who the live ones act for; a credential that is not in it is gone."""

    actors: Mapping[Credential, Actor]


def of_session(*, session_key: str, user: User) -> Credential:
    """A signed-in browser's."""
    return Credential(session=session_key, user=user.id, password=user.password)


def of_token(token: Token) -> Credential:
    """A program's."""
    person = token.user
    return Credential(token=token.id, user=person.id if person else "", password=person.password if person else "")


def check(credentials: Collection[Credential]) -> Check:
    """Who of these may still speak, and with which roles; the number of queries does not grow with the sessions."""
    people = User.objects.filter(id__in={credential.user for credential in credentials}, is_active=True).in_bulk()
    keys = {credential.session for credential in credentials if credential.session}
    open_sessions = set(
        Session.objects.filter(session_key__in=keys, expire_date__gt=now()).values_list("session_key", flat=True)
    )
    roles = _roles(set(people))
    actors = {}
    for credential in credentials:
        person = people.get(credential.user)
        if credential.user and (person is None or person.password != credential.password):
            continue
        if credential.token:
            actor = _token_actor(credential.token)
        elif credential.session in open_sessions and person is not None:
            actor = Actor(user=person, roles=roles.get(person.id, {}), site_admin=person.is_superuser)
        else:
            actor = None
        if actor is not None:
            actors[credential] = actor
    return Check(actors=actors)


def actor_of(credential: Credential) -> Actor | None:
    """Who speaks by this credential now, if anybody."""
    return check([credential]).actors.get(credential)


def _roles(people: Collection[str]) -> dict[str, dict[str, str]]:
    roles: dict[str, dict[str, str]] = defaultdict(dict)
    for user, team, role in Membership.objects.filter(user__in=people).values_list("user_id", "team_id", "role"):
        roles[user][team] = role
    return roles


def _token_actor(token_id: str) -> Actor | None:
    token = Token.objects.select_related("user", "team", "project").filter(id=token_id).first()
    return actor_for_token(token) if token is not None and token.is_live() else None
