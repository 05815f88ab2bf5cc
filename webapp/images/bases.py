"""With what a build signs in at the registries of its base images."""

import msgspec

from runtime.contract.bases import named_registries
from runtime.contract.orders import BuildImage, Login
from runtime.contract.source import InlineSource
from webapp.registries.logins import login_of
from webapp.registries.models import Registry
from webapp.teams.models import Project


def with_logins(order: BuildImage, project: Project) -> BuildImage:
    """The order with the logins that it may need: where the Dockerfile is known here, those that it names.

    What comes from elsewhere the host reads, and uses of all that serve the project those that are named.
    """
    logins = _logins(project)
    if isinstance(order.source, InlineSource):
        named = named_registries(order.source.dockerfile, order.args)
        logins = {host: login for host, login in logins.items() if host in named}
    return msgspec.structs.replace(order, logins=tuple(logins.values())) if logins else order


def _logins(project: Project) -> dict[str, Login]:
    """By address; the project's own goes before its team's."""
    found: dict[str, Login] = {}
    for registry in Registry.objects.usable_by(project):
        login = login_of(registry)
        if login is not None:
            found.setdefault(registry.address, login)
    return found
