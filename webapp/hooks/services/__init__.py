"""The verbs of hooks: define them, hear what they are told, hear it again."""

from webapp.hooks.services.defining import change_hook, create_hook, delete_hook, renew_secret
from webapp.hooks.services.keeping import prune
from webapp.hooks.services.receiving import Heard, receive, redeliver

__all__ = [
    "Heard",
    "change_hook",
    "create_hook",
    "delete_hook",
    "prune",
    "receive",
    "redeliver",
    "renew_secret",
]
