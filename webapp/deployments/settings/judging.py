"""What no profile allows is refused: where a service is defined by its fields, and where something is planned."""

from collections.abc import Iterator, Mapping
from typing import Any

from webapp.deployments.settings.aspects import effective, setting
from webapp.findings import Findings
from webapp.isolation.profiles import Profiles, profiles
from webapp.isolation.rules import BEFORE, Complaint, Rules, complaints, in_force, limits_in_force

JUDGED = frozenset({"isolation", "limits", "volumes"})  # aspects of which one decides about another
GONE = "There is no profile of this name."


def refuse_beyond(settings: Mapping[str, Any], overrides: Mapping[str, Any]) -> None:
    """Raise `Invalid` by field for whatever goes beyond its profile, everywhere or in an environment."""
    found, known = Findings(), profiles()
    _judge(found, known, effective(settings, {}, ""), at="settings", said=None)
    for slug, there in overrides.items():
        if JUDGED & there.keys():
            _judge(found, known, effective(settings, overrides, slug), at=f"overrides.{slug}", said=there)
    found.settle()


def frozen(settings: Mapping[str, Any]) -> dict[str, Any]:
    """What a release freezes of isolation and limits: what the service says, and else what its profile sets."""
    asked = setting(settings, "isolation")
    rules = profiles().named(asked.get("profile", ""))
    if rules is None:
        # What is frozen cannot be allowed, and says so by the name that it asks for.
        return {**settings, "isolation": {**BEFORE, **asked}}
    return {
        **settings,
        "isolation": in_force(rules, asked),
        "limits": limits_in_force(rules, settings["limits"]),
    }


def reasons_against(settings: Mapping[str, Any]) -> list[str]:
    """Why these frozen settings may not become containers now: as sentences, none where they may.

    A release of before there were profiles is judged as what its containers were.
    """
    isolation = {**BEFORE, **setting(settings, "isolation")}
    limits = settings["limits"]
    rules = profiles().named(isolation.get("profile", ""))
    if rules is None:
        return [f"There is no isolation profile {isolation['profile']} any more: deploy with another one."]
    if "isolation" not in settings:
        # Nothing was said of these then, and nothing is asked for now.
        limits = limits_in_force(rules, limits)
    return [sentence for _, sentence in complaints(rules, isolation, limits)]


def _twice(isolation: Mapping[str, Any], settings: Mapping[str, Any]) -> Iterator[Complaint]:
    """One place in a container is one thing."""
    volumes = {volume["path"] for volume in setting(settings, "volumes")}
    for mount in isolation["tmpfs"]:
        if mount["path"] in volumes:
            yield "tmpfs", f"{mount['path']} is a volume already."


def _judge(
    found: Findings, known: Profiles, settings: Mapping[str, Any], *, at: str, said: Mapping[str, Any] | None
) -> None:
    asked = setting(settings, "isolation")
    rules: Rules | None = known.named(asked.get("profile", ""))
    if rules is None:
        found.add(f"{at}.isolation.profile", GONE)
        return
    limits, wanted = limits_in_force(rules, settings["limits"]), in_force(rules, asked)
    for member, sentence in (*complaints(rules, wanted, limits), *_twice(wanted, settings)):
        path = member if member.startswith("limits.") else f"isolation.{member}"
        # An environment says what differs: a finding stands at what it says.
        if said is not None and path.partition(".")[0] not in said:
            path = sorted(JUDGED & said.keys())[0]
        found.add(f"{at}.{path}", sentence)
