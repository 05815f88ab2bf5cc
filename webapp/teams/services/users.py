"""Accounts of people."""

import secrets

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from webapp.audit.services import record
from webapp.problems import Conflicting, Forbidden, Invalid
from webapp.teams import rights
from webapp.teams.guards import require_person
from webapp.teams.models import User
from webapp.teams.policy import Actor, require_site_admin

MAX_PASSWORD = 512
PASSWORD_BYTES = 15  # 20 characters


def random_password() -> str:
    """A password to be shown once, and changed by the one who gets it."""
    return secrets.token_urlsafe(PASSWORD_BYTES)


def create_user(*, actor: Actor, username: str, password: str, email: str = "", site_admin: bool = False) -> User:
    """A new account, made by a site admin."""
    require_site_admin(actor)
    user = User(username=username, email=email, is_superuser=site_admin)
    with transaction.atomic():
        open_account(user=user, password=password)
        _record(actor, "user.created", user, after={"username": username, "site_admin": site_admin})
    return user


def open_account(*, user: User, password: str) -> None:
    """Store an account that was not there. It asks for no right and tells no trail: its callers, who are verbs, do."""
    _check_password(password, user, field="password")
    user.set_password(password)
    _check_fields(user)
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError as error:
        raise Conflicting(code="user.taken", detail=f"There is a user {user.username} already.") from error


def change_password(*, actor: Actor, user: User, old: str, new: str) -> None:
    """One's own password. Every other session of the account ends by that, and so do its sockets."""
    if require_person(actor).id != user.id or actor.token is not None:
        raise Forbidden(code="authz.denied", detail="Everybody changes their own password, signed in.")
    if not user.check_password(old):
        raise Invalid({"old": ["This is not your present password."]})
    _set_password(actor, user, new, action="user.password_changed")


def reset_password(*, actor: Actor, user: User, new: str) -> None:
    """Give somebody a new password; only a site admin may."""
    require_site_admin(actor)
    _set_password(actor, user, new, action="user.password_reset")


def set_active(*, actor: Actor, user: User, active: bool) -> None:
    """Deactivate an account, or let it in again. Done twice it changes nothing."""
    require_site_admin(actor)
    with transaction.atomic():
        if not active:
            _require_another_admin(user)
        if User.objects.filter(id=user.id, is_active=not active).update(is_active=active):
            rights.lessened(user.id)
            _record(actor, "user.activated" if active else "user.deactivated", user)
    user.is_active = active


def set_site_admin(*, actor: Actor, user: User, site_admin: bool) -> None:
    """Make somebody a site admin, or no longer. Done twice it changes nothing."""
    require_site_admin(actor)
    with transaction.atomic():
        if not site_admin:
            _require_another_admin(user)
        if User.objects.filter(id=user.id, is_superuser=not site_admin).update(is_superuser=site_admin):
            rights.lessened(user.id)
            _record(actor, "user.made_site_admin" if site_admin else "user.no_longer_site_admin", user)
    user.is_superuser = site_admin


def signed_in(*, actor: Actor, user: User) -> None:
    """To be called when somebody came in by the door."""
    with transaction.atomic():
        _record(actor, "auth.sign_in", user)


def signed_out(*, actor: Actor, user: User) -> None:
    """To be called when a session was ended on purpose, so that its sockets learn of it."""
    with transaction.atomic():
        rights.lessened(user.id)
        _record(actor, "auth.sign_out", user)


def _set_password(actor: Actor, user: User, new: str, *, action: str) -> None:
    _check_password(new, user, field="new")
    with transaction.atomic():
        user.set_password(new)
        User.objects.filter(id=user.id).update(password=user.password)
        rights.lessened(user.id)
        _record(actor, action, user)


def _check_password(password: str, user: User, *, field: str) -> None:
    if len(password) > MAX_PASSWORD:
        raise Invalid({field: [f"At most {MAX_PASSWORD} characters."]})
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise Invalid({field: error.messages}) from error


def _check_fields(user: User) -> None:
    try:
        user.clean_fields()
    except ValidationError as error:
        raise Invalid(error.message_dict) from error


def _require_another_admin(user: User) -> None:
    # All admins' rows are the lock: two of them cannot step down at once.
    admins = User.objects.select_for_update().filter(is_superuser=True, is_active=True)
    ids = set(admins.values_list("id", flat=True))
    if user.id in ids and len(ids) == 1:
        raise Conflicting(code="user.last_site_admin", detail="There must be one site admin at least.")


def _record(actor: Actor, action: str, user: User, *, after: dict[str, str | bool] | None = None) -> None:
    record(actor=actor, action=action, target_type="user", target_id=user.id, target=user.username, after=after)
