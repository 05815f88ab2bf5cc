"""The verbs of WHERE: who becomes a host, how it is known again, what it says, what people decide about it."""

from webapp.hosts.services.credentials import enroll, find_host, renew_credential
from webapp.hosts.services.enrolling import Code, Redeemed, fingerprint, invite, make_code, redeem, teams_to_serve
from webapp.hosts.services.managing import (
    MAX_BUILD_SLOTS,
    Room,
    may_operate,
    restrict,
    set_build_slots,
    set_drained,
    set_labels,
    set_room,
)
from webapp.hosts.services.proving import forget_proofs, require_proof
from webapp.hosts.services.revoking import remove, revoke
from webapp.hosts.services.saying import disconnected, heard, told_disk

__all__ = [
    "MAX_BUILD_SLOTS",
    "Code",
    "Redeemed",
    "Room",
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
    "remove",
    "renew_credential",
    "require_proof",
    "restrict",
    "revoke",
    "set_build_slots",
    "set_drained",
    "set_labels",
    "set_room",
    "teams_to_serve",
    "told_disk",
]
