"""What a profile makes of what a service asks for, and what it does not allow. Values in, values out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from runtime.contract.isolation import ENGINES_OWN
from webapp.isolation.cleaning import SETTABLE, total_tmpfs

# What a container is that was frozen before there were words for it.
BEFORE: Mapping[str, Any] = {
    "capabilities": sorted(ENGINES_OWN),
    "no_new_privileges": True,
    "read_only": False,
    "tmpfs": [],
    "user": "",
    "runtime": "",
}
CEILINGS = ("memory", "cpus", "pids", "nofile", "read_bps", "write_bps")
UNSAID = ("nofile", "read_bps", "write_bps")  # of these no limit is asked for; the profile's ceiling is set

Complaint = tuple[str, str]  # member of the isolation, or limits.MEMBER; and a sentence


@dataclass(frozen=True, kw_only=True)
class Rules:
    """A profile's values. `sets` holds every member of SETTABLE; of `ceilings` those that are not named are none."""

    slug: str
    sets: Mapping[str, Any]
    allows: Mapping[str, Any]
    ceilings: Mapping[str, Any] = field(default_factory=dict)


def in_force(rules: Rules, asked: Mapping[str, Any]) -> dict[str, Any]:
    """The isolation that a release freezes: what the service says, else what the profile sets."""
    return {"profile": rules.slug, **{name: asked.get(name, rules.sets[name]) for name in SETTABLE}}


def limits_in_force(rules: Rules, limits: Mapping[str, Any]) -> dict[str, Any]:
    """The limits that a release freezes."""
    added = {name: rules.ceilings[name] for name in UNSAID if name in rules.ceilings and limits.get(name) is None}
    return {**limits, **added}


def complaints(rules: Rules, isolation: Mapping[str, Any], limits: Mapping[str, Any]) -> Iterator[Complaint]:
    """What of this, as it would be frozen or was, the profile does not allow now."""
    sets, allows = rules.sets, rules.allows
    allowed = {*sets["capabilities"], *allows["capabilities"]}
    beyond = sorted(set(isolation["capabilities"]) - allowed)
    if beyond:
        named = ", ".join(sorted(allowed)) or "none"
        yield "capabilities", f"Profile {rules.slug} does not allow {', '.join(beyond)}: it allows {named}."
    if not isolation["no_new_privileges"] and sets["no_new_privileges"] and not allows["new_privileges"]:
        yield "no_new_privileges", f"Profile {rules.slug} does not let programs gain privileges."
    if not isolation["read_only"] and sets["read_only"] and not allows["writable_root"]:
        yield "read_only", f"Profile {rules.slug} asks for a root that is only read: give tmpfs for what is written."
    if not allows["root"] and not _is_somebody(isolation["user"]):
        yield "user", f"Profile {rules.slug} lets nothing run as root: name a user by number, such as 1000."
    if isolation["runtime"] not in {sets["runtime"], *allows["runtimes"]}:
        yield "runtime", f"Profile {rules.slug} does not allow {isolation['runtime'] or 'the runtime of the engine'}."
    if total_tmpfs(isolation["tmpfs"]) > max(allows["tmpfs"], total_tmpfs(sets["tmpfs"])):
        yield "tmpfs", f"Profile {rules.slug} allows {allows['tmpfs']} bytes of tmpfs in all."
    for name, ceiling in rules.ceilings.items():
        if limits.get(name) is not None and limits[name] > ceiling:
            yield f"limits.{name}", f"Profile {rules.slug} allows {ceiling:g} at most."
        elif limits.get(name) is None and name in UNSAID:
            yield f"limits.{name}", f"Profile {rules.slug} asks for a limit of {ceiling:g} at most."


def _is_somebody(user: str) -> bool:
    """A number that is not root's: a name says what the image's own file says, and that may be anything."""
    number = user.partition(":")[0]
    return number.isdecimal() and int(number) != 0
