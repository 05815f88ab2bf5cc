"""The verbs of environments and their secrets."""

from webapp.environments.services.places import change_environment, create_environment, delete_environment
from webapp.environments.services.secrets import (
    current_secrets,
    find_build_secret,
    find_credential,
    may_set_secret,
    retire_secret,
    set_secret,
)

__all__ = [
    "change_environment",
    "create_environment",
    "current_secrets",
    "delete_environment",
    "find_build_secret",
    "find_credential",
    "may_set_secret",
    "retire_secret",
    "set_secret",
]
