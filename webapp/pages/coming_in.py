"""What every door does with who may come in, and with who may not."""

from django.contrib.auth import login
from django.db import transaction

from webapp.audit.services import record_refusal
from webapp.rest.middleware import SlipwayRequest
from webapp.teams.models import User
from webapp.teams.policy import actor_for_user
from webapp.teams.services import signed_in


def come_in(request: SlipwayRequest, user: User) -> None:
    """A session, and its entry in the trail: neither without the other."""
    with transaction.atomic():
        login(request, user)
        signed_in(actor=actor_for_user(user, ip=request.client_ip, request_id=request.request_id), user=user)


def tell_refused(request: SlipwayRequest, username: str) -> None:
    """Of a failed sign-in. A name that is no account's is not kept: people type passwords into that field."""
    tried = User.objects.filter(username=username).first()
    record_refusal(
        actor=None,
        action="auth.sign_in",
        reason="wrong password" if tried is not None else "unknown user name",
        target_type="user",
        target_id=tried.id if tried is not None else "",
        target=tried.username if tried is not None else "",
        ip=request.client_ip,
        request_id=request.request_id,
    )
