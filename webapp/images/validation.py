"""The one validator of an image's definition, for create and change alike."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from runtime.contract import names
from runtime.contract.addresses import may_be_public
from webapp.findings import Findings
from webapp.images import dockerfile

MAX_DOCKERFILE_BYTES = 256 * 1024
MAX_FILES = 200
MAX_FILE_BYTES = 512 * 1024
MAX_FILES_BYTES = 2 * 1024 * 1024
MAX_URL = 500
MAX_REF = 200
SHORTEST_BUILD = 10  # seconds
LONGEST_BUILD = 4 * 3600
DEFAULT_TIMEOUT = 3600
LATER_KINDS = ("archive", "reference", "container")

MAX_SECRETS = 20

_TARGET = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
_URL_TEXT = re.compile(r"[\x21-\x7e]+")
_URL_PATH = re.compile(r"/[A-Za-z0-9._~/+@-]+")
_SECRET_LOOK = re.compile(
    r"(^|_)(PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|CREDENTIALS?|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY)(_|$)", re.IGNORECASE
)


@dataclass(frozen=True)
class Definition:
    """What an image is made from, clean: `source` and `build` as the models keep them."""

    source: dict[str, Any]
    build: dict[str, Any]


def clean_definition(*, source: object, build: object) -> Definition:
    """Check and normalise; raises `Invalid` with everything that is wrong, by field."""
    findings = Findings()
    settings_ = _build(findings, build)
    named = settings_.pop("dockerfile")
    clean = _source(findings, source, dockerfile_in_build=named)
    findings.settle()
    return Definition(source=clean, build=settings_)


def clean_ref(ref: object) -> str | None:
    """A branch, tag or full commit for one build; None or '' means the definition's own. Raises `Invalid`."""
    findings = Findings()
    clean = _ref(findings, ref, "ref")
    findings.settle()
    return clean


def clean_args(args: object) -> dict[str, str]:
    """Build arguments for one build. Raises `Invalid`."""
    findings = Findings()
    clean = _args(findings, args, "args")
    findings.settle()
    return clean


def _source(findings: Findings, source: object, *, dockerfile_in_build: str | None) -> dict[str, Any]:
    kind = source.get("kind") if isinstance(source, dict) else None
    if kind == "dockerfile":
        if dockerfile_in_build is not None:
            findings.add("build.dockerfile", "The Dockerfile of this source is its text.")
        return _inline(findings, source)
    if kind == "git":
        return _git(findings, source, dockerfile_in_build)
    if kind in LATER_KINDS:
        findings.add("source.kind", f"Sources of kind {kind} are not there yet; dockerfile and git are.")
    else:
        findings.add("source.kind", "This must be dockerfile or git.")
    return {}


def _inline(findings: Findings, source: object) -> dict[str, Any]:
    given = findings.known(source, "source", ("kind", "dockerfile", "files"))
    text = findings.text(given.get("dockerfile"), "source.dockerfile", limit=MAX_DOCKERFILE_BYTES)
    if text:
        for complaint in dockerfile.complaints(text):
            findings.add("source.dockerfile", complaint)
    return {"kind": "dockerfile", "dockerfile": text, "files": _files(findings, given.get("files", {}))}


def _files(findings: Findings, files: object) -> dict[str, str]:
    if not isinstance(files, dict):
        findings.add("source.files", "This must be an object of paths and texts.")
        return {}
    if len(files) > MAX_FILES:
        findings.add("source.files", f"At most {MAX_FILES} files; take a Git source for more.")
        return {}
    clean: dict[str, str] = {}
    for path, text in files.items():
        name = findings.path(path, "source.files")
        clean[name] = findings.text(text, f"source.files.{name[:60]}", limit=MAX_FILE_BYTES, empty=True)
    if sum(len(text.encode()) for text in clean.values()) > MAX_FILES_BYTES:
        findings.add("source.files", f"Together more than {MAX_FILES_BYTES} bytes; take a Git source for more.")
    for path in clean:
        _check_place(findings, path, clean)
    return clean


def _check_place(findings: Findings, path: str, files: dict[str, str]) -> None:
    """A file cannot be the Dockerfile's own place, nor a folder of another file."""
    if path == "Dockerfile":
        findings.add("source.files", "The file Dockerfile is the definition's own text.")
    parts = path.split("/")
    for end in range(1, len(parts)):
        if "/".join(parts[:end]) in files:
            findings.add("source.files", f"{path} lies below a path that is itself a file.")


def _git(findings: Findings, source: object, dockerfile_in_build: str | None) -> dict[str, Any]:
    given = findings.known(source, "source", ("kind", "url", "ref", "directory", "dockerfile", "credential"))
    directory = given.get("directory") or "."
    named = given.get("dockerfile") or dockerfile_in_build or "Dockerfile"
    if given.get("dockerfile") and dockerfile_in_build not in (None, given.get("dockerfile")):
        findings.add("build.dockerfile", "The source names another Dockerfile; say it once.")
    clean = {
        "kind": "git",
        "url": _url(findings, given.get("url")),
        "ref": _ref(findings, given.get("ref"), "source.ref"),
        "directory": "." if directory == "." else findings.path(directory, "source.directory"),
        "dockerfile": findings.path(named, "source.dockerfile"),
    }
    if given.get("credential") and findings.key(given["credential"], "source.credential"):
        clean["credential"] = str(given["credential"])
    for field in ("directory", "dockerfile"):
        if ".git" in str(clean[field]).lower().split("/"):
            findings.add(f"source.{field}", "Nothing is built from Git's own folder.")
    return clean


def _url(findings: Findings, url: object) -> str:
    text = findings.text(url, "source.url", limit=MAX_URL)
    if not text:
        return ""
    if not _URL_TEXT.fullmatch(text):  # urlsplit leaves out tabs and ends of lines, and would judge another text
        findings.add("source.url", "This is not a URL.")
        return ""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        findings.add("source.url", "This is not a URL.")
        return ""
    if parts.scheme != "https" or not text.startswith("https://"):
        findings.add("source.url", "A repository is fetched by https:// only.")
    elif "@" in parts.netloc:
        findings.add(
            "source.url", "No credentials in the URL: keep user:password as a secret and name it as `credential`."
        )
    elif not _URL_PATH.fullmatch(parts.path) or parts.query or parts.fragment or "?" in text or "#" in text:
        findings.add("source.url", "After the host only a plain path, such as /team/repository.git.")
    elif ".." in parts.path.split("/") or port == 0:
        findings.add("source.url", "This is not the address of a repository.")
    elif not is_reachable(parts.hostname or ""):
        findings.add("source.url", "This host is private, local or not a host's name; an administrator may allow it.")
    return text


def is_reachable(host: str) -> bool:
    """May a build fetch from this host? What may be public, and what SLIPWAY_GIT_PRIVATE_HOSTS allows.

    The name's addresses are asked again by the host that fetches: here nothing is looked up.
    """
    return host.lower() in settings.GIT_PRIVATE_HOSTS or may_be_public(host)


def _ref(findings: Findings, ref: object, field: str) -> str | None:
    if ref is None or ref == "":
        return None
    text = findings.text(ref, field, limit=MAX_REF)
    if text and not names.is_safe_git_ref(text):
        findings.add(field, "A plain branch or tag name, or a full commit.")
    return text


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
