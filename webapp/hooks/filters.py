"""Which events build: pure. A pattern is as in a shell: `*` any characters (also /), `?` one, `[ab]` one of these."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from runtime.contract.repositories import BadRepository, Repository
from webapp.hooks.events import Push

DEFAULT_PORTS = {"https": 443, "http": 80, "ssh": 22}


def why_not(push: Push, *, branches: Sequence[str], tags: Sequence[str], paths: Sequence[str]) -> str:
    """Why this push does not build; '' when it does. Paths count for branches only, and where they are all known."""
    if push.tag:
        return "" if matches(push.tag, tags) else f"No tag filter of this hook allows {push.tag}."
    if not matches(push.branch, branches):
        return f"No branch filter of this hook allows {push.branch}."
    if paths and push.paths is not None and not any(matches(path, paths) for path in push.paths):
        return "Nothing was changed that a path filter of this hook names."
    return ""


def matches(text: str, patterns: Sequence[str]) -> bool:
    """Does one of the patterns fit the whole text?"""
    return any(fnmatchcase(text, pattern) for pattern in patterns)


def names_repository(url: str, told: Sequence[str]) -> bool:
    """Is the repository at this URL the one that an event names, by any of its addresses?"""
    ours = _place(url)
    return bool(ours) and ours in {_place(other) for other in told}


def _place(url: str) -> str:
    """Host and path, without what two spellings of one address differ in; '' for what is no address of a repository.

    The same repository by https and by ssh is the same place, unless one of them is at a port of its own.
    """
    try:
        parts = urlsplit(_as_url(url.strip()))
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        return ""
    beside = f":{port}" if port is not None and port != DEFAULT_PORTS[parts.scheme] else ""
    path = parts.path.rstrip("/").removesuffix(".git").rstrip("/")
    return f"{parts.hostname}{beside}{path}".casefold()


def _as_url(text: str) -> str:
    """user@host:path, as scp writes it, is ssh://…"""
    try:
        return text if "://" in text else str(Repository.parse(text))
    except BadRepository:
        return ""
