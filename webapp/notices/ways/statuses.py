"""The status of a commit where its repository lives: GitHub, GitLab, Gitea."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from webapp import reach
from webapp.notices.events import SAID, TEST, Happening
from webapp.notices.ways.outcome import Outcome, of_answer, of_unreached, refused

SECONDS = 10.0
FORGES = ("github", "gitlab", "gitea")
STATES: Mapping[str, tuple[str, str]] = {  # event -> as GitHub and Gitea have it, as GitLab has it
    "build.started": ("pending", "running"),
    "build.succeeded": ("success", "success"),
    "build.failed": ("failure", "failed"),
    "build.cancelled": ("error", "canceled"),
}
WHO = "/user"  # asked to test a token; all three have it


def concerns(base: str, happening: Happening) -> bool:
    """Is the commit known, and does its repository live where this channel's API is?"""
    if not happening.commit or not happening.repository:
        return False
    home = (urlsplit(happening.repository).hostname or "").lower()
    api = (urlsplit(base).hostname or "").lower()
    return bool(home) and api in (home, f"api.{home}")


def send(*, base: str, forge: str, token: str, facts: Mapping[str, Any]) -> Outcome:
    """One try; a test asks who the token is, since a status needs a commit."""
    headers = {"Accept": "application/json", "User-Agent": "Slipway", **_credential(forge, token)}
    try:
        if facts["event"] == TEST:
            return of_answer(reach.call("GET", base + WHO, headers=headers, seconds=SECONDS))
        path = _path(forge, facts)
        if not path:
            return refused("The repository's address is none of a project at this kind of host.")
        headers["Content-Type"] = "application/json"
        return of_answer(reach.call("POST", base + path, headers=headers, body=_body(forge, facts), seconds=SECONDS))
    except reach.Unreached as error:
        return of_unreached(error)


def _credential(forge: str, token: str) -> dict[str, str]:
    match forge:
        case "gitlab":
            return {"PRIVATE-TOKEN": token}
        case "gitea":
            return {"Authorization": f"token {token}"}
    return {"Authorization": f"Bearer {token}"}


def _path(forge: str, facts: Mapping[str, Any]) -> str:
    """Where the status of this commit is set; '' when the repository has no owner and name."""
    repository = urlsplit(facts["repository"]).path.strip("/").removesuffix(".git")
    commit = facts["build"]["commit"]
    if "/" not in repository:
        return ""
    if forge == "gitlab":
        return f"/projects/{quote(repository, safe='')}/statuses/{commit}"
    owner, _, name = repository.rpartition("/")
    return "" if "/" in owner else f"/repos/{quote(owner)}/{quote(name)}/statuses/{commit}"


def _body(forge: str, facts: Mapping[str, Any]) -> bytes:
    event = facts["event"]
    told = {
        "state": STATES[event][1 if forge == "gitlab" else 0],
        "target_url": facts["url"],
        "description": f"Build {facts['build']['number']} {SAID[event]}",
        "name" if forge == "gitlab" else "context": f"slipway/{facts['project']['slug']}/{facts['image']['slug']}",
    }
    return json.dumps(told).encode()
