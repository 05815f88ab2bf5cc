"""How a host signs in at a registry: the order names user and password's name, the claim carries the password.

A job keeps `registry/ID` where it keeps the ids of other secrets; no secret of a project has a slash in its name.
"""

import logging
from collections.abc import Iterable, Mapping

from runtime.contract.orders import Login
from webapp.jobs.models import Job
from webapp.problems import Conflicting
from webapp.registries.models import Registry
from webapp.registries.own import passwords
from webapp.registries.services import place_of

MARK = "registry/"

logger = logging.getLogger(__name__)


def login_of(registry: Registry) -> Login | None:
    """Who a host is there; None for a registry that is asked by nobody in particular."""
    if registry.own:
        return Login(registry=registry.address, username=passwords.USERNAME, secret=f"{MARK}{registry.id}")
    if not registry.password:
        return None
    return Login(registry=registry.address, username=registry.username, secret=f"{MARK}{registry.id}")


def secrets_of(logins: Iterable[Login | None]) -> dict[str, str]:
    """What a job keeps, so that its claim carries these passwords."""
    return {login.secret: login.secret for login in logins if login is not None}


def is_of_registry(kept: str) -> bool:
    """Is this what a job keeps of a registry's password?"""
    return kept.startswith(MARK)


def reveal(job: Job, kept: Mapping[str, str]) -> dict[str, str]:
    """The passwords for a claim. One that is gone, or that no key opens, is left out: the host says so."""
    ids = [name.removeprefix(MARK) for name in kept.values()]
    found = {}
    for registry in Registry.objects.there().filter(id__in=ids).exclude(own=False, password=b""):
        if registry.own:
            found[f"{MARK}{registry.id}"] = passwords.password_of(job)
            continue
        try:
            found[f"{MARK}{registry.id}"] = place_of(registry).password
        except Conflicting as refusal:
            logger.warning("registry %s: %s", registry.id, refusal.detail)
    return {name: found[value] for name, value in kept.items() if value in found}
