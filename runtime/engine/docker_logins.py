"""How the Docker Engine and its command line are told who we are at registries."""

import base64
import json
import os
from collections.abc import Mapping
from pathlib import Path

from runtime.contract.references import DEFAULT_REGISTRY
from runtime.engine.values import RegistryLogin

DEFAULT_SERVER = "https://index.docker.io/v1/"  # the name under which engines know docker.io's credentials
CONFIG = "config.json"


def server_of(registry: str) -> str:
    """The name under which a registry's credentials are kept."""
    return DEFAULT_SERVER if registry == DEFAULT_REGISTRY else registry


def write_logins(folder: Path, logins: Mapping[str, RegistryLogin]) -> None:
    """For the command line, which reads them from a file: the owner's alone, in a folder that goes with the attempt."""
    auths = {server_of(registry): {"auth": _pair(login)} for registry, login in logins.items()}
    handle = os.open(folder / CONFIG, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with open(handle, "w", encoding="utf-8") as file:
        json.dump({"auths": auths}, file)


def logins_header(logins: Mapping[str, RegistryLogin]) -> dict[str, str]:
    """For the classic builder's API."""
    told = {
        server_of(registry): {"username": login.username, "password": login.password.reveal()}
        for registry, login in logins.items()
    }
    return {"X-Registry-Config": _encoded(told)} if told else {}


def login_header(registry: str, login: RegistryLogin | None) -> dict[str, str]:
    """For one pull or push. The engine wants one for a push even where nobody logs in."""
    told: dict[str, str] = {}
    if login is not None:
        told = {
            "username": login.username,
            "password": login.password.reveal(),
            "serveraddress": server_of(registry),
        }
    return {"X-Registry-Auth": _encoded(told)}


def _encoded(told: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(told).encode()).decode()


def _pair(login: RegistryLogin) -> str:
    return base64.b64encode(f"{login.username}:{login.password.reveal()}".encode()).decode()
