"""What Slipway asks registries: who am I to you, what do you hold. The distribution project's HTTP API, version 2.

A registry answers a request without credentials with 401 and says where a token is got (`Bearer`) or that a password
will do (`Basic`). Tokens are asked for each call anew: calls are rare, and nothing is kept.
"""

import base64
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from runtime.contract.names import DIGEST
from webapp.problems import Refusal
from webapp.reach import Answer, call, is_allowed

MAX_LISTED = 500  # repositories or tags told at once
ACCEPTED = ", ".join(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)
_PART = re.compile(r'([a-zA-Z_]+)="([^"]*)"')


class Unwilling(Refusal):
    """The registry answered, and not what was asked. `detail` says what to do."""

    status = 502
    title = "The registry did not answer as asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A registry and who asks there. `url` without a slash at its end; without a `username` nobody in particular.

    Where `sign` is given the registry is our own: it makes the token for a scope, and nobody else is asked for one.
    """

    url: str
    username: str = ""
    password: str = ""
    sign: Callable[[str], str] | None = None


def check(place: Place) -> None:
    """Does it speak the API, and know us? Raises `Unwilling` or `reach.Unreached`, with what to do."""
    answer = _ask(place, "/v2/", scope="")
    if answer.status not in (200, 204):
        raise _unwilling(place, answer)


def repositories(place: Place, *, below: str = "") -> list[str]:
    """The names of what it holds, as far as it tells (many tell nobody): those below this path. At most MAX_LISTED."""
    last = f"&last={below}" if below else ""
    found = _listed(place, f"/v2/_catalog?n={MAX_LISTED}{last}", "repositories", scope="registry:catalog:*")
    return [name for name in found if name.startswith(f"{below}/")] if below else found


def tags(place: Place, repository: str) -> list[str]:
    """The tags of one repository, sorted. At most MAX_LISTED."""
    path = f"/v2/{repository}/tags/list?n={MAX_LISTED}"
    return sorted(_listed(place, path, "tags", scope=f"repository:{repository}:pull"))


def digest_of(place: Place, repository: str, reference: str) -> str | None:
    """The digest of the manifest that a tag or digest names there; None when there is none."""
    path = f"/v2/{repository}/manifests/{reference}"
    answer = _ask(place, path, scope=f"repository:{repository}:pull", method="HEAD")
    if answer.status == 404:
        return None
    if answer.status != 200:
        raise _unwilling(place, answer)
    digest = answer.headers.get("docker-content-digest", "")
    if not DIGEST.fullmatch(digest):
        raise Unwilling(code="registry.odd", detail=f"{_host(place)} gave no digest: it is no registry of images.")
    return digest


def erase(place: Place, repository: str, digest: str) -> bool:
    """Let go of the manifest of exactly this digest, with the tags that name it; was it there? `Unwilling`."""
    path = f"/v2/{repository}/manifests/{digest}"
    answer = _ask(place, path, scope=f"repository:{repository}:delete", method="DELETE")
    if answer.status not in (200, 202, 404):
        raise _unwilling(place, answer)
    return answer.status != 404


def _listed(place: Place, path: str, field: str, *, scope: str) -> list[str]:
    answer = _ask(place, path, scope=scope)
    if answer.status == 404:
        return []
    if answer.status != 200:
        raise _unwilling(place, answer)
    found = _json(place, answer).get(field) or []
    return [str(name)[:255] for name in found if isinstance(name, str)][:MAX_LISTED]


def _ask(place: Place, path: str, *, scope: str, method: str = "GET") -> Answer:
    if place.sign is not None:
        proof = {"Authorization": f"Bearer {place.sign(scope)}"}
        return call(method, place.url + path, headers={"Accept": ACCEPTED} | proof, ours=True)
    answer = call(method, place.url + path, headers={"Accept": ACCEPTED})
    if answer.status != 401:
        return answer
    known = _proof(place, answer.headers.get("www-authenticate", ""), scope)
    return answer if known is None else call(method, place.url + path, headers={"Accept": ACCEPTED} | known)


def _proof(place: Place, challenge: str, scope: str) -> dict[str, str] | None:
    kind, _, rest = challenge.partition(" ")
    if kind.lower() == "basic":
        return _basic(place) if place.username else None
    if kind.lower() != "bearer":
        return None
    named = dict(_PART.findall(rest))
    realm = named.get("realm", "")
    _check_realm(place, realm)
    asked = {name: value for name, value in (("service", named.get("service")), ("scope", scope)) if value}
    answer = call("GET", f"{realm}?{urlencode(asked)}", headers=_basic(place) if place.username else {})
    if answer.status != 200:
        raise _unwilling(place, answer)
    told = _json(place, answer)
    token = told.get("token") or told.get("access_token")
    return {"Authorization": f"Bearer {token}"} if isinstance(token, str) and token.isprintable() else None


def _check_realm(place: Place, realm: str) -> None:
    """Where a registry sends us for a token gets our password: only over TLS, unless we speak without it already."""
    parts = urlsplit(realm)
    plain_too = parts.scheme == "http" and place.url.startswith("http:")
    if not (parts.scheme == "https" or plain_too) or parts.query or not is_allowed(parts.hostname or ""):
        detail = f"{_host(place)} sends for its tokens to an address that is not one to send a password to."
        raise Unwilling(code="registry.realm", detail=detail)


def _basic(place: Place) -> dict[str, str]:
    pair = f"{place.username}:{place.password}".encode()
    return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}


def _json(place: Place, answer: Answer) -> dict[str, Any]:
    try:
        told = json.loads(answer.text)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise Unwilling(code="registry.odd", detail=f"{_host(place)} does not answer as a registry of images does.")
    return told


def _unwilling(place: Place, answer: Answer) -> Unwilling:
    host = _host(place)
    if answer.status in (401, 403):
        who = f"{place.username} with this password" if place.username else "anybody without a password"
        detail = f"{host} does not let in {who}. Check user and password, and what the user may do there."
        return Unwilling(code="registry.unauthorized", detail=detail)
    if answer.status == 429:
        detail = f"{host} takes no more requests for now. Try again later."
        return Unwilling(code="registry.busy", detail=detail)
    detail = f"{host} answered {answer.status}: it is no registry of images, or not well. Check the address."
    return Unwilling(code="registry.odd", detail=detail)


def _host(place: Place) -> str:
    return urlsplit(place.url).netloc
