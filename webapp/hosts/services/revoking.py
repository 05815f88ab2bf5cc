"""A host is let go: nothing that it says counts any more, and it is told nothing."""

from functools import partial

from django.db import transaction

from webapp.audit.services import record_of
from webapp.hosts import doorbells
from webapp.hosts.models import Enrollment, Host
from webapp.teams.policy import Actor, require_site_admin


def revoke(*, actor: Actor, host: Host) -> Host:
    """Believe the host nothing any more. Done twice it changes nothing.

    From the commit on its calls, its claims and its sign-in at the own registry are refused; its Redis user goes at
    once, with every connection of it, and its link closes within a second. An open code of it is worth nothing.
    """
    require_site_admin(actor)
    with transaction.atomic():
        changed = Host.objects.filter(id=host.id).exclude(credential_digest="", awaited=False)
        if changed.update(credential_digest="", public_key="", doorbell_digest="", awaited=False, connected=False):
            Enrollment.objects.filter(host=host, used_at=None).delete()
            record_of(None, actor=actor, action="host.revoked", target=("host", host.id, host.name))
            transaction.on_commit(partial(doorbells.take_away, host.id))
    host.credential_digest, host.public_key, host.doorbell_digest = "", "", ""
    host.awaited, host.connected = False, False
    return host


def remove(*, actor: Actor, host: Host) -> None:
    """Revoke it and put it out of sight; its name may be given to another. What names it as history keeps its name.

    Whoever calls this has seen to it that nothing runs there.
    """
    require_site_admin(actor)
    with transaction.atomic():
        revoke(actor=actor, host=host)
        if Host.objects.filter(id=host.id, removed=False).update(removed=True, drained=False):
            record_of(None, actor=actor, action="host.removed", target=("host", host.id, host.name))
