"""How one release takes over from another on each host, and in how many steps over all of them. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from webapp.deployments.planning.plans import Frozen
from webapp.deployments.settings.aspects import setting
from webapp.deployments.settings.strategy import BLUE_GREEN, RECREATE

Until = Literal["stopped", "proved", "done"]


class Manner(Frozen, frozen=True, kw_only=True):
    """As in runtime.contract.orders.ConvergeService. `first` is the step before the last on each host, if there is one:
    no host gets to its last before all have done their first.
    """

    kind: str
    start_first: bool = True
    surge: int = 1
    unavailable: int = 0
    first: Until | None = None


def fixed_ports(settings: Mapping[str, Any]) -> list[str]:
    """The ports of a host that a release asks for by number."""
    ports = settings.get("ports", [])
    return [f"{port['host']}/{port['protocol']}" for port in ports if port.get("host") is not None]


def kept_apart(settings: Mapping[str, Any]) -> str:
    """What only one container of a replica can have at a time, in words; empty where two may stand side by side."""
    if ports := fixed_ports(settings):
        return f"port {ports[0]} of a host"
    written = [volume["name"] for volume in setting(settings, "volumes") if not volume["read_only"]]
    return f"volume {written[0]}" if written else ""


def manner_of(settings: Mapping[str, Any], *, replicas: int, over_hosts: bool = False) -> Manner:
    """What a release's settings ask for. `over_hosts`: it takes another's place on more than one host."""
    strategy = setting(settings, "strategy")
    kind = strategy["kind"]
    if kind == RECREATE:
        return Manner(
            kind=kind, start_first=False, unavailable=max(replicas, 1), first="stopped" if over_hosts else None
        )
    if kind == BLUE_GREEN:
        return Manner(kind=kind, surge=max(replicas, 1), first="proved" if over_hosts else None)
    surge, unavailable = strategy["surge"], strategy["unavailable"]
    if kept_apart(settings) or not surge:
        return Manner(kind=kind, start_first=False, unavailable=max(unavailable, 1))
    return Manner(kind=kind, surge=surge, unavailable=unavailable)


def in_words(manner: Manner) -> str:
    """For the one who approves it."""
    if manner.kind == RECREATE:
        return "All former replicas stop, then all new ones start: nothing serves in between."
    if manner.kind == BLUE_GREEN:
        return "All new replicas start beside the former ones and prove themselves; then the former ones go at once."
    extra = f"{manner.surge} extra" if manner.start_first else "none extra"
    down = str(manner.unavailable) if manner.unavailable else "none"
    return f"Rolling, host after host: {extra} and {down} down at a time."


def apart_notes(settings: Mapping[str, Any], manner: Manner) -> Sequence[str]:
    """What fixed host ports and volumes leave of a rolling release."""
    held = kept_apart(settings)
    if not held or manner.kind == RECREATE:
        return ()
    return (
        f"{held[0].upper()}{held[1:]} serves one replica at a time: none can be extra, and each former one stops "
        "before the new one starts.",
    )


def blue_green_reasons(settings: Mapping[str, Any]) -> list[str]:
    """Why it cannot be blue-green, if it is to be."""
    held = kept_apart(settings)
    if not held or setting(settings, "strategy")["kind"] != BLUE_GREEN:
        return []
    instead = "let the engine choose the port, or take another strategy" if fixed_ports(settings) else "roll instead"
    return [f"Blue-green needs both releases at once, and {held} serves one: {instead}."]
