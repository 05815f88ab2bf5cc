"""Rights that may be gone: an epoch per person, and the actor as it is now, for whoever holds a socket open."""

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db.models import F
from django.utils.crypto import constant_time_compare

from webapp.teams.models import Token, User
from webapp.teams.policy import Actor, actor_for_token, actor_for_user


def lessened(*user_ids: str) -> None:
    """Call in the transaction in which these people may have lost something: role, session, token, account."""
    User.objects.filter(id__in=user_ids).update(rights_epoch=F("rights_epoch") + 1)


def epoch(user_id: str) -> int | None:
    """A number that is the same for as long as nothing was taken from this person; None when the account is gone or
    deactivated. One query.
    """
    return User.objects.filter(id=user_id, is_active=True).values_list("rights_epoch", flat=True).first()


def refreshed(actor: Actor, *, session_key: str | None = None) -> Actor | None:
    """The same person or token with the roles they hold now; None when the credential is gone.

    With `session_key` the session must still be there, be this person's, and be of the present password.
    """
    if actor.token is not None:
        token = (
            Token.objects.select_related("user", "team", "project__team", "created_by")
            .filter(id=actor.token.id)
            .first()
        )
        if token is None or not token.is_live():
            return None
        return actor_for_token(token, ip=actor.ip, request_id=actor.request_id)
    if actor.user is None:
        return None
    user = User.objects.filter(id=actor.user.id, is_active=True).first()
    if user is None or (session_key is not None and not _session_is_of(user, session_key)):
        return None
    return actor_for_user(user, ip=actor.ip, request_id=actor.request_id)


def _session_is_of(user: User, session_key: str) -> bool:
    kept = SessionStore(session_key).load()
    return kept.get(SESSION_KEY) == user.id and constant_time_compare(
        str(kept.get(HASH_SESSION_KEY, "")), user.get_session_auth_hash()
    )
