"""The verbs of WHERE: who becomes a host, how it is known again, what it says, what people decide about it."""

from webapp.hosts.services.credentials import enroll, find_host, renew_credential
from webapp.hosts.services.enrolling import Code, Redeemed, fingerprint, invite, make_code, redeem, teams_to_serve
from webapp.hosts.services.managing import (
    MAX_BUILD_SLOTS,
    may_operate,
    restrict,
    set_build_slots,
    set_drained,
)
from webapp.hosts.services.proving import forget_proofs, require_proof
from webapp.hosts.services.revoking import revoke
from webapp.hosts.services.saying import disconnected, heard, told_disk

__all__ = [
    "MAX_BUILD_SLOTS",
    "Code",
    "Redeemed",
    "disconnected",
    "enroll",
    "find_host",
    "fingerprint",
    "forget_proofs",
    "heard",
    "invite",
    "make_code",
    "may_operate",
    "redeem",
    "renew_credential",
    "require_proof",
    "restrict",
    "revoke",
    "set_build_slots",
    "set_drained",
    "teams_to_serve",
    "told_disk",
]
