"""`bin/worker enroll URL CODE`: this machine makes a key of its own and becomes a host of that Slipway."""

import argparse
import getpass
import ipaddress
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import msgspec

from runtime.contract import CONTRACT_VERSION
from runtime.contract.enrollment import ENROLLMENTS_PATH, Enrolled, EnrollRequest, enrolled_decoder
from runtime.contract.reports import encode
from runtime.worker.alone import alone
from runtime.worker.config import AUTHORITIES, DEFAULT_PUBLISH_ADDRESS, Misconfigured, read_config
from runtime.worker.control_plane import MAX_DETAIL, USER_AGENT
from runtime.worker.identity import Identity, new_identity
from runtime.worker.keeping import CREDENTIAL, KEY, keep, keep_settings, kept_of

ANSWER_SECONDS = 30.0
MAX_CODE = 200


class NotEnrolled(Exception):
    """A sentence that says why, and what to do."""


@dataclass(frozen=True)
class Wish:
    """What the person at the terminal asks for."""

    url: str
    code: str
    home: Path
    again: bool
    settings: Mapping[str, str]


def main(words: Sequence[str], environment: Mapping[str, str]) -> int:
    """Enroll, and say what comes next; 1 when it did not work."""
    try:
        wish = _wish(words, environment)
        name, own_doorbell = enroll(wish)
    except (NotEnrolled, Misconfigured) as error:
        print(f"Not enrolled: {error}", file=sys.stderr)
        return 1
    print(f"This machine is host {name} of {wish.url} now. What it holds is in {wish.home}.")
    if not own_doorbell:
        print("Its Redis address is the one that all hosts share: that Redis lets Slipway make no users.")
    print("Start its worker:             bin/worker")
    print("Or with the machine, always:  bin/worker --systemd --install")
    return 0


def enroll(wish: Wish) -> tuple[str, bool]:
    """The host's name, and whether its doorbell is its own. Raises `NotEnrolled`, `Misconfigured`."""
    wish.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    if (wish.home / CREDENTIAL).exists() and not wish.again:
        raise NotEnrolled(
            f"{wish.home} holds a host's credential already. Give --again to replace it, or another SLIPWAY_HOME."
        )
    with alone(wish.home, "worker"), alone(wish.home, "agent"):
        identity = new_identity()
        given = _ask(wish, identity)
        _keep(wish, identity, given)
    read_config({"SLIPWAY_WORKER_HOME": str(wish.home)})  # the next start will do the same
    return given.host, given.own_doorbell


def _ask(wish: Wish, identity: Identity) -> Enrolled:
    asked = EnrollRequest(
        contract=CONTRACT_VERSION, code=wish.code, key=identity.public, signature=identity.sign_code(wish.code)
    )
    try:
        response = httpx.post(
            wish.url + ENROLLMENTS_PATH,
            content=encode(asked),
            headers={"Content-Type": "application/json", "User-Agent": USER_AGENT},
            timeout=ANSWER_SECONDS,
        )
    except httpx.HTTPError as error:
        raise NotEnrolled(f"{wish.url} does not answer ({error or type(error).__name__}).") from error
    if not response.is_success:
        raise NotEnrolled(_why(response))
    try:
        return enrolled_decoder.decode(response.content)
    except msgspec.DecodeError as error:
        raise NotEnrolled(f"{wish.url} answered what a Slipway does not. Is the address right?") from error


def _why(response: httpx.Response) -> str:
    try:
        detail = response.json()["detail"]
    except (ValueError, KeyError, TypeError):
        detail = "Is the address right?"
    return f"{str(detail)[:MAX_DETAIL]} (HTTP {response.status_code})"


def _keep(wish: Wish, identity: Identity, given: Enrolled) -> None:
    """The settings last: with them a start is possible."""
    keep(wish.home / KEY, identity.private_pem())
    keep(wish.home / CREDENTIAL, given.credential.encode() + b"\n")
    own = {
        "SLIPWAY_URL": wish.url,
        "SLIPWAY_HOST_NAME": given.host,
        "SLIPWAY_HOST_CREDENTIAL_FILE": str(wish.home / CREDENTIAL),
        "REDIS_URL": given.broker,
    }
    keep_settings(wish.home, {**wish.settings, **own})


def _wish(words: Sequence[str], environment: Mapping[str, str]) -> Wish:
    parser = argparse.ArgumentParser(prog="bin/worker enroll", description="Make this machine a host of a Slipway.")
    parser.add_argument("url", help="the control plane's address, like https://slipway.example.com")
    parser.add_argument("code", nargs="?", help="the one-time code; asked for when it is left out")
    parser.add_argument("--engine", default=environment.get("DOCKER_HOST", ""), help="DOCKER_HOST of its engine")
    parser.add_argument(
        "--publish-address",
        default=environment.get("SLIPWAY_PUBLISH_ADDRESS", DEFAULT_PUBLISH_ADDRESS),
        help=f"where published ports of containers listen (default {DEFAULT_PUBLISH_ADDRESS})",
    )
    parser.add_argument("--again", action="store_true", help="replace the host that this home is")
    parser.add_argument("--without-tls", action="store_true", help="the way there is private: go in the clear")
    given = parser.parse_args(words)
    settings = {**kept_of(environment), "SLIPWAY_PUBLISH_ADDRESS": given.publish_address}
    if given.engine:
        settings["DOCKER_HOST"] = given.engine
    if AUTHORITIES in settings:
        settings[AUTHORITIES] = os.path.abspath(settings[AUTHORITIES])
    return Wish(
        url=_url(given.url, without_tls=given.without_tls),
        code=_code(given.code),
        home=Path(environment.get("SLIPWAY_WORKER_HOME") or ".").absolute(),
        again=given.again,
        settings=settings,
    )


def _url(value: str, *, without_tls: bool) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise NotEnrolled("the address must begin with https://, like https://slipway.example.com.")
    if parts.scheme == "http" and not without_tls and not _is_here(parts.hostname):
        raise NotEnrolled(
            "over http:// everybody on the way reads the host's credential and every secret. Use https://, or say "
            "--without-tls when the way is private."
        )
    return value.rstrip("/")


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _code(given: str | None) -> str:
    code = (given if given is not None else getpass.getpass("One-time code: ")).strip()
    if not code or len(code) > MAX_CODE or not code.isascii():
        raise NotEnrolled("this is no one-time code. The page of the host makes one.")
    return code
