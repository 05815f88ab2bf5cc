"""A host's credential: given once, known again, renewed."""

import hmac
import secrets

from django.db import IntegrityError, transaction

from webapp import checks
from webapp.audit.services import record_of
from webapp.hosts.models import Host
from webapp.problems import Conflicting
from webapp.sealing import digest
from webapp.teams.policy import Actor, require_site_admin

PREFIX = "slh"
SECRET_BYTES = 32
MAX_CREDENTIAL_CHARACTERS = 200
NOTHING = "0" * 64  # compared with when there is no such host, so that both take the same time


def enroll(*, actor: Actor, name: str, every_team: bool = False) -> tuple[Host, str]:
    """A new host and its credential, for whoever starts its worker beside the control plane; other machines enroll
    themselves, by a code. A name that was revoked may be enrolled again.
    """
    require_site_admin(actor)
    with transaction.atomic():
        host = reserve(name)
        host.every_team = every_team
        return host, _give(actor, host, action="host.enrolled")


def renew_credential(*, actor: Actor, host: Host) -> str:
    """A new credential; the one before is worth nothing from now on."""
    require_site_admin(actor)
    with transaction.atomic():
        return _give(actor, Host.objects.select_for_update().get(id=host.id), action="host.credential_renewed")


def find_host(credential: str) -> Host | None:
    """The host with this credential, or None. Takes the same time for a wrong secret and for no such host."""
    parts = credential.split("_", 2) if len(credential) <= MAX_CREDENTIAL_CHARACTERS else []
    kind, host_id, secret = parts if len(parts) == len(("slh", "host", "secret")) else ("", "", "")
    host = Host.objects.filter(id=host_id).first() if host_id.isprintable() else None
    kept = host.credential_digest if host is not None and host.credential_digest else NOTHING
    fits = hmac.compare_digest(kept, digest(secret))
    return host if fits and kind == PREFIX and kept != NOTHING else None


def reserve(name: str, *, again: bool = True) -> Host:
    """The row for a host of this name: a new one, or, where that is meant, `again` that of a revoked one, with what
    waits for it. To be called in a transaction.
    """
    checks.slug(name, field="name")
    revoked = Host.objects.select_for_update().filter(name=name, credential_digest="", awaited=False)
    host = revoked.first() if again else None
    if host is not None:
        return host
    try:
        with transaction.atomic():
            return Host.objects.create(name=name)
    except IntegrityError as error:
        raise Conflicting(code="host.taken", detail=f"There is a host {name} already.") from error


def new_credential(host: Host) -> tuple[str, str]:
    """What the host is told, and what is kept of it."""
    secret = secrets.token_urlsafe(SECRET_BYTES)
    return f"{PREFIX}_{host.id}_{secret}", digest(secret)


def _give(actor: Actor, host: Host, *, action: str) -> str:
    """Such a host has no key, and hears its doorbell by the address that the control plane itself uses."""
    credential, host.credential_digest = new_credential(host)
    host.public_key, host.doorbell_digest, host.awaited, host.removed = "", "", False, False
    host.save()
    after = {"every_team": host.every_team}
    record_of(None, actor=actor, action=action, target=("host", host.id, host.name), after=after)
    return credential
