"""A Git repository, one commit of it."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from runtime.contract import names
from runtime.contract.addresses import may_be_public
from webapp.environments import services as environments
from webapp.findings import Findings
from webapp.teams.models import Project

MAX_URL = 500
MAX_REF = 200

_URL_TEXT = re.compile(r"[\x21-\x7e]+")
_URL_PATH = re.compile(r"/[A-Za-z0-9._~/+@-]+")

_TEXT_OR_NULL: dict[str, Any] = {"type": ["string", "null"]}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["kind", "url"],
    "additionalProperties": False,
    "properties": {
        "kind": {"const": "git"},
        "url": {"type": "string", "description": "https only, without credentials."},
        "ref": {**_TEXT_OR_NULL, "description": "Branch, tag or full commit; null is the remote's HEAD."},
        "directory": {"type": "string", "default": "."},
        "dockerfile": {"type": "string", "default": "Dockerfile"},
        "credential": {**_TEXT_OR_NULL, "description": "Name of a secret with use `credential`: user:password."},
    },
}


def clean(findings: Findings, source: Mapping[str, object], dockerfile_in_build: str | None) -> dict[str, Any]:
    """The source as it is kept; what is wrong is noted by field."""
    given = findings.known(source, "source", ("kind", "url", "ref", "directory", "dockerfile", "credential"))
    directory = given.get("directory") or "."
    named = given.get("dockerfile") or dockerfile_in_build or "Dockerfile"
    if given.get("dockerfile") and dockerfile_in_build not in (None, given.get("dockerfile")):
        findings.add("build.dockerfile", "The source names another Dockerfile; say it once.")
    clean = {
        "kind": "git",
        "url": _url(findings, given.get("url")),
        "ref": clean_ref(findings, given.get("ref"), "source.ref"),
        "directory": "." if directory == "." else findings.path(directory, "source.directory"),
        "dockerfile": findings.path(named, "source.dockerfile"),
    }
    if given.get("credential") and findings.key(given["credential"], "source.credential"):
        clean["credential"] = str(given["credential"])
    for field in ("directory", "dockerfile"):
        if ".git" in str(clean[field]).lower().split("/"):
            findings.add(f"source.{field}", "Nothing is built from Git's own folder.")
    return clean


def settle(project: Project, source: dict[str, Any]) -> dict[str, Any]:
    """What it signs in with may be set later, and is no variable of containers. Raises `Conflicting`."""
    for name in secrets(source):
        environments.find_credential(project=project, name=name)
    return source


def secrets(source: Mapping[str, Any]) -> tuple[str, ...]:
    """The project's credentials that a build of it needs."""
    return (source["credential"],) if source.get("credential") else ()


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


def clean_ref(findings: Findings, ref: object, field: str) -> str | None:
    """A branch, tag or full commit; None or '' means what the repository points at."""
    if ref is None or ref == "":
        return None
    text = findings.text(ref, field, limit=MAX_REF)
    if text and not names.is_safe_git_ref(text):
        findings.add(field, "A plain branch or tag name, or a full commit.")
    return text
