"""A Git repository, one commit of it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.conf import settings

from runtime.contract import names
from runtime.contract.addresses import may_be_public
from runtime.contract.orders import BuildImage
from runtime.contract.repositories import MAX_URL, BadRepository, Repository
from webapp.deploykeys.models import DeployKey
from webapp.deploykeys.services import find_deploy_key
from webapp.environments import services as environments
from webapp.findings import Findings
from webapp.images.sources.building import Asked, build_order
from webapp.problems import Conflicting, Invalid
from webapp.teams.models import Project

MAX_REF = 200

_TEXT_OR_NULL: dict[str, Any] = {"type": ["string", "null"]}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["kind", "url"],
    "additionalProperties": False,
    "properties": {
        "kind": {"const": "git"},
        "url": {
            "type": "string",
            "description": "https://…, ssh://USER@HOST/… or USER@HOST:path, kept as ssh://. No password in it.",
        },
        "ref": {**_TEXT_OR_NULL, "description": "Branch, tag or full commit; null is the remote's HEAD."},
        "directory": {"type": "string", "default": "."},
        "dockerfile": {"type": "string", "default": "Dockerfile"},
        "credential": {**_TEXT_OR_NULL, "description": "Name of a secret with use `credential`: user:password."},
        "deploy_key": {**_TEXT_OR_NULL, "description": "Name of a deploy key of the project; by ssh it needs one."},
        "submodules": {
            "type": "boolean",
            "default": False,
            "description": "Fetch submodules too, by https and ssh alone, each by the rule for the source itself.",
        },
    },
}


def clean(findings: Findings, source: Mapping[str, object], dockerfile_in_build: str | None) -> dict[str, Any]:
    """The source as it is kept; what is wrong is noted by field."""
    given = findings.known(source, "source", tuple(SCHEMA["properties"]))
    at = _repository(findings, given.get("url"))
    directory = given.get("directory") or "."
    named = given.get("dockerfile") or dockerfile_in_build or "Dockerfile"
    if given.get("dockerfile") and dockerfile_in_build not in (None, given.get("dockerfile")):
        findings.add("build.dockerfile", "The source names another Dockerfile; say it once.")
    clean: dict[str, Any] = {
        "kind": "git",
        "url": str(at) if at is not None else "",
        "ref": clean_ref(findings, given.get("ref"), "source.ref"),
        "directory": "." if directory == "." else findings.path(directory, "source.directory"),
        "dockerfile": findings.path(named, "source.dockerfile"),
    }
    if given.get("credential") and findings.key(given["credential"], "source.credential"):
        clean["credential"] = str(given["credential"])
    if given.get("deploy_key") and findings.slug(given["deploy_key"], "source.deploy_key"):
        clean["deploy_key"] = str(given["deploy_key"])
    if findings.flag(given.get("submodules", False), "source.submodules"):
        clean["submodules"] = True
    if at is not None:
        _check_sign_in(findings, at, clean)
    for field in ("directory", "dockerfile"):
        if ".git" in str(clean[field]).lower().split("/"):
            findings.add(f"source.{field}", "Nothing is built from Git's own folder.")
    return clean


def line(source: Mapping[str, Any]) -> str:
    """For a list."""
    return f"{source['url']} {source.get('ref') or ''}".strip()


def settle(project: Project, source: dict[str, Any]) -> dict[str, Any]:
    """A credential may be set later, and is no variable of containers; a deploy key is there, or is made first.

    Raises `Conflicting`, `Invalid`.
    """
    for name in secrets(source):
        environments.find_credential(project=project, name=name)
    key = source.get("deploy_key")
    if key and find_deploy_key(project=project, name=key) is None:
        raise Invalid({"source.deploy_key": [f"The project has no deploy key {key}. Make it first."]})
    return source


def order(asked: Asked) -> BuildImage:
    """With the host keys that the deploy key is for, as they are now. Raises `Conflicting`: the key is gone."""
    name = asked.source.get("deploy_key")
    if not name:
        return build_order(asked)
    key = _key(asked.project, name)
    source = {**asked.source, "deploy_key": _claimed(name), "known_hosts": key.known_hosts}
    return build_order(replace(asked, source=source))


def key_secrets(project: Project, source: Mapping[str, Any]) -> dict[str, str]:
    """The claim's secrets: the private part of its deploy key. Raises `Conflicting`: the key is gone."""
    name = source.get("deploy_key")
    return {_claimed(name): _key(project, name).id} if name else {}


def _key(project: Project, name: str) -> DeployKey:
    key = find_deploy_key(project=project, name=name)
    if key is None:
        detail = f"The source signs in with the deploy key {name}, which the project lacks: give it another one."
        raise Conflicting(code="build.no_deploy_key", detail=detail)
    return key


def _claimed(name: str) -> str:
    """Its name in the claim, which no secret of the project has."""
    return f"deploy-key/{name}"


def secrets(source: Mapping[str, Any]) -> tuple[str, ...]:
    """The project's credentials that a build of it needs."""
    return (source["credential"],) if source.get("credential") else ()


def _repository(findings: Findings, url: object) -> Repository | None:
    text = findings.text(url, "source.url", limit=MAX_URL)
    if not text:
        return None
    try:
        at = Repository.parse(text)
    except BadRepository as error:
        findings.add("source.url", str(error))
        return None
    if not is_reachable(at.host):
        findings.add("source.url", "This host is private, local or not a host's name; an administrator may allow it.")
    return at


def _check_sign_in(findings: Findings, at: Repository, clean: Mapping[str, Any]) -> None:
    """What it signs in with fits its address; with submodules both may be needed, whatever the address is."""
    key, credential, submodules = clean.get("deploy_key"), clean.get("credential"), clean.get("submodules")
    if at.scheme == "ssh" and not key:
        findings.add("source.deploy_key", "By ssh a build signs in with a deploy key of the project: name one.")
    if at.scheme == "https" and key and not submodules:
        findings.add("source.deploy_key", "A deploy key is for an ssh address, such as git@HOST:team/repository.git.")
    if at.scheme == "ssh" and credential and not submodules:
        findings.add("source.credential", "A secret with user:password is for an https address.")


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
