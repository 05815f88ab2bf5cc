"""The verbs of channels and notices."""

from webapp.notices.services.defining import change_channel, create_channel, delete_channel, renew_secret
from webapp.notices.services.sending import prune, resend, send_due, send_test

__all__ = [
    "change_channel",
    "create_channel",
    "delete_channel",
    "prune",
    "renew_secret",
    "resend",
    "send_due",
    "send_test",
]
