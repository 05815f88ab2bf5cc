"""The one validator of how a service runs: its settings, each override, every way in.

What no aspect names cannot be asked for: no privileges, no paths of the host, no pass-through.
"""

from collections.abc import Mapping
from typing import Any

from webapp.deployments.settings.aspects import ASPECTS, FIELDS
from webapp.findings import Findings

MAX_OVERRIDES = 50


def clean_service(
    *, slug: str | None, settings: object, overrides: object, environments: frozenset[str]
) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Settings and overrides as the models keep them, only what was given, normalised; None stays None.

    What is wrong anywhere is told at once: raises `Invalid` by field, also for an environment that is not there.
    """
    findings = Findings()
    if slug is not None:
        findings.slug(slug)
    clean = _settings(findings, settings, "settings") if settings is not None else None
    clean_there = _overrides(findings, overrides, environments) if overrides is not None else None
    findings.settle()
    return clean, clean_there


def _overrides(findings: Findings, value: object, environments: frozenset[str]) -> dict[str, Any]:
    if not isinstance(value, Mapping) or len(value) > MAX_OVERRIDES:
        findings.add("overrides", f"An object of at most {MAX_OVERRIDES} environments.")
        value = {}
    clean = {}
    for slug, settings in value.items():
        if slug not in environments:
            findings.add("overrides", "There is no such environment in this project.")
            continue
        clean[str(slug)] = _settings(findings, settings, f"overrides.{slug}")
    return clean


def _settings(findings: Findings, value: object, at: str) -> dict[str, Any]:
    given = findings.known(value, at, FIELDS)
    return {
        aspect.name: aspect.clean(findings, given[aspect.name], f"{at}.{aspect.name}")
        for aspect in ASPECTS
        if aspect.name in given
    }
