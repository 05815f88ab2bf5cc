"""What an event says, read from its headers and body: each kind's own words become one value. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from runtime.contract import names
from webapp.findings import is_storable
from webapp.problems import Invalid

KINDS = ("github", "gitlab", "gitea", "generic")
NOTHING = "0" * 40  # the commit of what is deleted
MAX_REF = 250
MAX_AUTHOR = 100
MAX_PATHS = 1000  # more changed paths than that are not looked at one by one
MAX_PATH = 1000
MAX_KEY = 100
BRANCH, TAG = "refs/heads/", "refs/tags/"
EVENT_HEADERS = {"github": "x-github-event", "gitlab": "x-gitlab-event", "gitea": "x-gitea-event"}
KEY_HEADERS: Mapping[str, tuple[str, ...]] = {
    "github": ("x-github-delivery",),
    "gitlab": ("idempotency-key", "x-gitlab-event-uuid"),
    "gitea": ("x-gitea-delivery",),
    "generic": ("x-slipway-delivery",),
}


@dataclass(frozen=True)
class Push:
    """A branch or a tag (the other is '') now stands at this commit. `paths` None: not known, or too many."""

    branch: str
    tag: str
    commit: str
    author: str
    repositories: tuple[str, ...]
    paths: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Other:
    """An event that builds nothing. `status` is the answer: 200 for a ping, else 204."""

    status: int
    reason: str


def name_of(kind: str, headers: Mapping[str, str]) -> str:
    """The event's name as its sender calls it."""
    return headers.get(EVENT_HEADERS[kind], "")[:60] if kind in EVENT_HEADERS else "push"


def key_of(kind: str, headers: Mapping[str, str], *, body_digest: str) -> str:
    """The sender's name for this delivery; without one, the same body is the same delivery."""
    given = next((headers[name] for name in KEY_HEADERS[kind] if headers.get(name)), "")
    if not given:
        return f"body {body_digest}"
    if len(given) > MAX_KEY - 10 or not given.isprintable():
        raise _malformed("The name of a delivery is at most 90 visible characters.")
    return f"id {given}"


def read(kind: str, headers: Mapping[str, str], payload: Any) -> Push | Other:
    """The event. Raises `Invalid` when the body is not as this kind of sender writes it."""
    if not isinstance(payload, Mapping):
        raise _malformed("The body is not a JSON object.")
    event = name_of(kind, headers)
    if kind == "generic":
        return _generic(payload)
    if kind == "gitlab":
        if event not in ("Push Hook", "Tag Push Hook"):
            return Other(204, f"Events of the kind {event or 'unnamed'} build nothing.")
        return _gitlab(payload)
    if event == "ping":
        return Other(200, "Pong.")
    if event != "push":
        return Other(204, f"Events of the kind {event or 'unnamed'} build nothing.")
    return _github(payload)


def stored(push: Push) -> dict[str, Any]:
    """The push as JSON."""
    return asdict(push)


def restored(kept: Mapping[str, Any]) -> Push:
    """The push that was stored."""
    paths = kept["paths"]
    repositories = tuple(kept["repositories"])
    return Push(**{**kept, "repositories": repositories, "paths": None if paths is None else tuple(paths)})


def _github(payload: Mapping[str, Any]) -> Push | Other:
    """GitHub and Gitea. An annotated tag's `after` is the tag itself; the commit stands in `head_commit`."""
    branch, tag = _ref(payload)
    after, head = _text(payload, "after"), _object(payload, "head_commit")
    if payload.get("deleted") is True or after == NOTHING:
        return Other(204, f"{tag or branch} was deleted.")
    repository, pusher = _object(payload, "repository"), _object(payload, "pusher")
    author = _object(head, "author")
    return _push(
        branch=branch,
        tag=tag,
        commit=_text(head, "id") if tag and head else after,
        author=_first(author, "username", "name") or _first(pusher, "username", "login", "name"),
        repositories=[_text(repository, name) for name in ("clone_url", "html_url", "ssh_url")],
        paths=None if tag else _paths(payload, total=payload.get("total_commits")),
    )


def _gitlab(payload: Mapping[str, Any]) -> Push | Other:
    branch, tag = _ref(payload)
    commit = payload.get("checkout_sha")
    if commit is None or _text(payload, "after") == NOTHING:
        return Other(204, f"{tag or branch} was deleted.")
    project = _object(payload, "project")
    return _push(
        branch=branch,
        tag=tag,
        commit=commit,
        author=_first(payload, "user_username", "user_name"),
        repositories=[_text(project, name) for name in ("git_http_url", "http_url", "web_url", "git_ssh_url")],
        paths=None if tag else _paths(payload, total=payload.get("total_commits_count")),
    )


def _generic(payload: Mapping[str, Any]) -> Push:
    unknown = set(payload) - {"repository", "branch", "tag", "commit", "author", "paths"}
    branch, tag, paths = _text(payload, "branch"), _text(payload, "tag"), payload.get("paths")
    if unknown or bool(branch) == bool(tag):
        raise _malformed("It says repository, commit, either branch or tag, and optionally author and paths.")
    if paths is not None and not (isinstance(paths, list) and all(isinstance(path, str) for path in paths)):
        raise _malformed("paths is a list of texts.")
    return _push(
        branch=branch,
        tag=tag,
        commit=_text(payload, "commit"),
        author=_text(payload, "author"),
        repositories=[_text(payload, "repository")],
        paths=None if paths is None or tag else paths,
    )


def _push(*, branch: str, tag: str, commit: Any, author: str, repositories: list[str], paths: list[str] | None) -> Push:
    if not isinstance(commit, str) or not names.GIT_COMMIT.fullmatch(commit):
        raise _malformed("The commit is not given in full: 40 hexadecimal digits.")
    ref = tag or branch
    if len(ref) > MAX_REF or not ref.isprintable() or not is_storable(ref):
        raise _malformed("The branch or tag is not a name that can be kept.")
    known = paths is not None and len(paths) <= MAX_PATHS and all(len(path) <= MAX_PATH for path in paths)
    return Push(
        branch=branch,
        tag=tag,
        commit=commit,
        author="".join(letter for letter in author if letter.isprintable())[:MAX_AUTHOR],
        repositories=tuple(url[:500] for url in repositories if url),
        paths=tuple(sorted(set(paths))) if known and paths is not None else None,
    )


def _ref(payload: Mapping[str, Any]) -> tuple[str, str]:
    ref = _text(payload, "ref")
    if ref.startswith(BRANCH) and len(ref) > len(BRANCH):
        return ref.removeprefix(BRANCH), ""
    if ref.startswith(TAG) and len(ref) > len(TAG):
        return "", ref.removeprefix(TAG)
    raise _malformed("The ref is neither a branch nor a tag.")


def _paths(payload: Mapping[str, Any], *, total: Any) -> list[str] | None:
    """Every path that the push's commits name; None when it does not list all of its commits, or none."""
    commits = payload.get("commits")
    if not isinstance(commits, list) or not commits or (isinstance(total, int) and total > len(commits)):
        return None
    if payload.get("created") is True or payload.get("forced") is True or payload.get("before") == NOTHING:
        return None  # what such a push lists is not all that differs
    return [path for commit in commits if isinstance(commit, Mapping) for path in _changed(commit)]


def _changed(commit: Mapping[str, Any]) -> Iterator[str]:
    for name in ("added", "modified", "removed"):
        listed = commit.get(name)
        if isinstance(listed, list):
            yield from (path for path in listed if isinstance(path, str))


def _text(payload: Mapping[str, Any], name: str) -> str:
    value = payload.get(name, "")
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _malformed(f"{name} is not a text.")
    return value


def _first(payload: Mapping[str, Any], *fields: str) -> str:
    return next((text for text in (_text(payload, name) for name in fields) if text), "")


def _object(payload: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = payload.get(name)
    return value if isinstance(value, Mapping) else {}


def _malformed(detail: str) -> Invalid:
    return Invalid({}, code="hook.malformed", detail=detail)
