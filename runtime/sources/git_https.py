"""By HTTPS: a credential reaches git by its environment, never by its arguments, and goes to one host alone."""

from pathlib import Path

from runtime.child import CHILD_PATH
from runtime.contract.repositories import Repository
from runtime.redaction import Secret
from runtime.sources.context import SourceError
from runtime.sources.git_repository import MAX_EVIDENCE

_ASKPASS = """#!/bin/sh
case "$1" in
Username*) printf '%s\\n' "$SLIPWAY_GIT_USER" ;;
*) printf '%s\\n' "$SLIPWAY_GIT_PASSWORD" ;;
esac
"""


class Https:
    """Connects to `addresses` alone where there are any; signs in with `credential` where that is asked for."""

    def __init__(self, home: Path, *, at: Repository, addresses: list[str], credential: Secret | None) -> None:
        askpass = home / "askpass"
        askpass.write_text(_ASKPASS)
        askpass.chmod(0o700)
        user, _, password = credential.reveal().partition(":") if credential else ("", "", "")
        self.settings = [f"http.curloptResolve={_pin(at, addresses)}"] if addresses else []
        self.environment = {
            **plain_environment(home, protocol=at.scheme),
            "GIT_ASKPASS": str(askpass),
            "SLIPWAY_GIT_USER": user,
            "SLIPWAY_GIT_PASSWORD": password,
        }

    def failure(self, lines: list[str]) -> SourceError | None:
        """What git says when it was asked who it is."""
        said = " ".join(lines[-MAX_EVIDENCE:]).lower()
        if "authentication failed" not in said and "could not read username" not in said:
            return None
        return SourceError(
            "the repository wants a credential, or refused the one it was given",
            code="git_credential",
            evidence=lines[-MAX_EVIDENCE:],
        )


def plain_environment(home: Path, *, protocol: str) -> dict[str, str]:
    """What git is told whichever way it goes: nothing of this host's, and one protocol."""
    return {
        "PATH": CHILD_PATH,
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "GIT_ALLOW_PROTOCOL": protocol,
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_LFS_SKIP_SMUDGE": "1",
        "GIT_TERMINAL_PROMPT": "0",
    }


def _pin(at: Repository, addresses: list[str]) -> str:
    """The host, port and addresses to connect to, as git hands them to its HTTP library."""
    return f"{at.host}:{at.reached_at}:{','.join(f'[{one}]' if ':' in one else one for one in addresses)}"
