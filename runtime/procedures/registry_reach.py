"""Where a registry may be: its name is looked up here before the engine is asked to speak to it."""

import socket
from collections.abc import Sequence

from runtime.contract.addresses import is_public_address, is_within
from runtime.contract.references import DEFAULT_REGISTRY, Reference
from runtime.contract.reports import Problem
from runtime.procedures.ports import ProcedureError


def check_reach(reference: Reference, *, private: Sequence[str]) -> None:
    """ProcedureError when the registry's name leads to a private address that `private` does not allow.

    The engine looks the name up again; a name that leads nowhere here is left to it, for it may know a mirror.
    """
    host = _host(reference.registry)
    if reference.registry == DEFAULT_REGISTRY or host in private:
        return
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return
    addresses = {str(entry[4][0]) for entry in found}
    if all(is_public_address(address) or is_within(address, private) for address in addresses):
        return
    raise ProcedureError(
        Problem(
            code="registry_private",
            whose="user",
            message=f"{host} leads to a private address, from which no image is pulled.",
            advice="An administrator may allow it (SLIPWAY_PRIVATE_TARGETS).",
        )
    )


def _host(registry: str) -> str:
    """A registry without its port."""
    if registry.startswith("["):
        return registry[1:].partition("]")[0]
    return registry.partition(":")[0]
