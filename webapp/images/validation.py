"""The one validator of an image's definition, for create and change alike."""

import re
from dataclasses import dataclass, replace
from typing import Any

from runtime.contract import names
from webapp.findings import Findings
from webapp.images.sources import clean_source, git, kind_of
from webapp.teams.models import Project

SHORTEST_BUILD = 10  # seconds
LONGEST_BUILD = 4 * 3600
DEFAULT_TIMEOUT = 3600
MAX_SECRETS = 20

_TARGET = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
_SECRET_LOOK = re.compile(
    r"(^|_)(PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|CREDENTIALS?|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY)(_|$)", re.IGNORECASE
)


@dataclass(frozen=True)
class Definition:
    """What an image is made from, clean: `source` and `build` as the models keep them."""

    source: dict[str, Any]
    build: dict[str, Any]

    def settled(self, project: Project) -> "Definition":
        """With what its kind of source looks up in the project. Raises what the kind refuses."""
        return replace(self, source=kind_of(self.source).settle(project, self.source))


def clean_definition(*, source: object, build: object) -> Definition:
    """Check and normalise; raises `Invalid` with everything that is wrong, by field."""
    findings = Findings()
    settings_ = _build(findings, build)
    named = settings_.pop("dockerfile")
    clean = clean_source(findings, source, dockerfile_in_build=named)
    findings.settle()
    return Definition(source=clean, build=settings_)


def clean_ref(ref: object) -> str | None:
    """A branch, tag or full commit for one build; None or '' means the definition's own. Raises `Invalid`."""
    findings = Findings()
    clean = git.clean_ref(findings, ref, "ref")
    findings.settle()
    return clean


def clean_args(args: object) -> dict[str, str]:
    """Build arguments for one build. Raises `Invalid`."""
    findings = Findings()
    clean = _args(findings, args, "args")
    findings.settle()
    return clean


def _build(findings: Findings, build: object) -> dict[str, Any]:
    given = findings.known(build, "build", ("args", "secrets", "target", "timeout", "no_cache", "cache", "dockerfile"))
    no_cache = findings.flag(given.get("no_cache", False), "build.no_cache")
    if "cache" in given:
        no_cache = not findings.flag(given["cache"], "build.cache") or no_cache
    target = given.get("target") or None
    if target is not None and not (isinstance(target, str) and _TARGET.fullmatch(target)):
        findings.add("build.target", "The name of a stage: letters, digits, _ . and -.")
    named = given.get("dockerfile") or None
    return {
        "args": _args(findings, given.get("args", {}), "build.args"),
        "target": target,
        "timeout": findings.whole(
            given.get("timeout", DEFAULT_TIMEOUT), "build.timeout", low=SHORTEST_BUILD, high=LONGEST_BUILD
        ),
        "no_cache": no_cache,
        "dockerfile": findings.path(named, "build.dockerfile") if named is not None else None,
        **_secrets(findings, given.get("secrets") or {}),
    }


def _secrets(findings: Findings, secrets: object) -> dict[str, dict[str, str]]:
    """Which secrets steps may mount, by the id of the mount; nothing is said of none, as before there were any."""
    if not isinstance(secrets, dict) or len(secrets) > MAX_SECRETS:
        findings.add("build.secrets", f"At most {MAX_SECRETS} pairs: the id of a mount, and the name of a secret.")
        return {}
    for id, name in secrets.items():
        if not isinstance(id, str) or not names.SECRET_MOUNT.fullmatch(id):
            findings.add("build.secrets", f"{str(id)[:60]!r} is no id of a mount: letters, digits, _ . and -.")
        else:
            findings.key(name, f"build.secrets.{id}")
    return {"secrets": dict(sorted(secrets.items()))} if secrets else {}


def _args(findings: Findings, args: object, field: str) -> dict[str, str]:
    clean = findings.variables(args, field)
    for name in clean:
        if name.upper().startswith("BUILDKIT_"):
            findings.add(f"{field}.{name}", "This name steers the builder itself.")
        if _SECRET_LOOK.search(name):
            findings.add(
                f"{field}.{name}",
                "Build arguments stay readable in the image's history. What a step needs is a build secret, which it "
                "mounts with RUN --mount=type=secret; what the container needs is a secret of the environment.",
            )
    return clean
