"""Tag templates: the names under which a build is pushed. Pure.

A template is text with placeholders in braces: `{branch}` `{tag}` `{number}` `{commit}` (full) `{short}` (12 digits)
`{date}` (UTC, 20261124) and, where the Git tag is a semantic version, `{version}` `{major}` `{minor}` `{patch}`.
A template whose placeholder has no value for a build is left out for that build, and it is said why.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

MAX_TEMPLATES = 10  # of one image
MAX_TEMPLATE = 200
MAX_TAG = 128  # as the registries have it

PLACEHOLDERS = ("branch", "tag", "number", "commit", "short", "date", "version", "major", "minor", "patch")

_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_PIECE = re.compile(r"\{([^{}]*)\}")
_UNFIT = re.compile(r"[^A-Za-z0-9_.-]+")
_SEMVER = re.compile(
    r"v?(?P<major>0|[1-9]\d{0,8})\.(?P<minor>0|[1-9]\d{0,8})\.(?P<patch>0|[1-9]\d{0,8})"
    r"(?P<pre>-[0-9A-Za-z.-]{1,64})?(?:\+[0-9A-Za-z.-]{1,64})?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tags:
    """`tags`: those to push, each once, in the order of their templates. `left_out`: template to reason."""

    tags: tuple[str, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)


def complaint(template: str) -> str | None:
    """Why this is no template, None where it is one."""
    if not template or len(template) > MAX_TEMPLATE:
        return f"A template has 1 to {MAX_TEMPLATE} characters."
    for name in _PIECE.findall(template):
        if name not in PLACEHOLDERS:
            known = " ".join(f"{{{each}}}" for each in PLACEHOLDERS)
            return f"{{{name}}} is not known here. There are {known}."
    sample = _PIECE.sub("x", template)
    if not _TAG.fullmatch(sample):
        return "Beside placeholders a tag has letters, digits, _ . and -, and begins with none of . and -."
    return None


def tags_for(
    templates: Iterable[str],
    *,
    number: int,
    now: datetime,
    commit: str = "",
    branch: str = "",
    git_tag: str = "",
) -> Tags:
    """The tags of one build. Whatever a branch is called, what comes out is a lawful tag."""
    values = _values(number=number, now=now, commit=commit, branch=branch, git_tag=git_tag)
    tags: dict[str, None] = {}
    left_out = {}
    for template in templates:
        missing = [name for name in _PIECE.findall(template) if not values.get(name)]
        if missing:
            left_out[template] = _why(missing[0], git_tag)
            continue
        tag = _PIECE.sub(lambda piece: values[piece[1]], template)[:MAX_TAG]
        if _TAG.fullmatch(tag):
            tags[tag] = None
        else:
            left_out[template] = f"{tag!r} is no lawful tag."
    return Tags(tags=tuple(tags), left_out=left_out)


def _values(*, number: int, now: datetime, commit: str, branch: str, git_tag: str) -> dict[str, str]:
    values = {
        "branch": _fit(branch),
        "tag": _fit(git_tag),
        "number": str(number),
        "commit": commit,
        "short": commit[:12],
        "date": now.astimezone(UTC).strftime("%Y%m%d"),
    }
    version = _SEMVER.fullmatch(git_tag)
    if version is None:
        return values
    major, minor, patch, pre = version.group("major", "minor", "patch", "pre")
    values["version"] = f"{major}.{minor}.{patch}{pre or ''}"
    if not pre:  # 2.1.0-rc.1 must not move the tag 2
        values |= {"major": major, "minor": f"{major}.{minor}", "patch": f"{major}.{minor}.{patch}"}
    return values


def _fit(name: str) -> str:
    """feature/Login #2 becomes feature-Login-2."""
    return _UNFIT.sub("-", name).strip("-.")[:MAX_TAG]


def _why(name: str, git_tag: str) -> str:
    if name in ("version", "major", "minor", "patch"):
        return f"{git_tag} is no final semantic version." if git_tag else "The build is not of a Git tag."
    named = {"branch": "a branch", "tag": "a Git tag", "commit": "a commit", "short": "a commit"}
    return f"The build is not of {named[name]}."
