"""Who a build is at the registries of its base images: somebody only where the Dockerfile names the registry."""

from runtime.contract.bases import named_registries
from runtime.contract.orders import BuildImage
from runtime.engine.values import RegistryLogin
from runtime.procedures.ports import Reporter, Secrets


def base_logins(
    order: BuildImage, dockerfile: str, *, secrets: Secrets, reporter: Reporter
) -> dict[str, RegistryLogin]:
    """By registry. A password that did not come is said; the registry may give the image to anybody."""
    named = named_registries(dockerfile, order.args)
    found = {}
    for login in order.logins:
        if login.registry not in named:
            continue
        if login.secret in secrets:
            found[login.registry] = RegistryLogin(username=login.username, password=secrets[login.secret])
        else:
            reporter.line("s", f"Slipway has no password for {login.registry} (any more): it is asked without one.")
    return found
