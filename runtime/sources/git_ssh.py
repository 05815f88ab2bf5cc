"""By SSH: git starts ssh with fixed words, nothing of this host's own configuration, one key and the known host keys.

The server's key is compared always; an unknown or another one ends the build and is named by its fingerprint. ssh
connects to the address that was asked about, and looks for the host's key under the name in the URL.
"""

import re
import shlex
import shutil
from pathlib import Path

from runtime.child import CHILD_PATH
from runtime.contract.repositories import PORTS, Repository
from runtime.redaction import Secret
from runtime.sources.context import SourceError
from runtime.sources.git_https import plain_environment
from runtime.sources.git_repository import MAX_EVIDENCE

CONNECT_SECONDS = 20
MAX_LOG_BYTES = 64 * 1024

_FIXED = (
    "BatchMode=yes",
    "IdentitiesOnly=yes",
    "IdentityAgent=none",
    "PreferredAuthentications=publickey",
    "StrictHostKeyChecking=yes",
    "UpdateHostKeys=no",
    "CheckHostIP=no",
    "VerifyHostKeyDNS=no",
    "CanonicalizeHostname=no",
    "ProxyCommand=none",
    "ControlMaster=no",
    "ControlPath=none",
    "PermitLocalCommand=no",
    "ClearAllForwardings=yes",
    "ForwardAgent=no",
    "ConnectionAttempts=1",
    f"ConnectTimeout={CONNECT_SECONDS}",
    "ServerAliveInterval=15",
    "ServerAliveCountMax=3",
    "LogLevel=DEBUG1",  # names the server's key; goes to a file of its own
)
_SHOWN = re.compile(r"Server host key: (\S+) (SHA256:\S+)")
_UNREACHED = re.compile(
    r"Connection (refused|timed out|reset|closed)|No route to host|Network is unreachable|Could not resolve hostname"
    r"|kex_exchange_identification|not responding",
    re.IGNORECASE,
)


class Ssh:
    """Signs in with `key`; `known_hosts` are lines for this source, `site` the host's own file of them."""

    settings: list[str] = []

    def __init__(
        self, home: Path, *, at: Repository, address: str | None, key: Secret, known_hosts: str, site: Path | None
    ) -> None:
        if shutil.which("ssh", path=CHILD_PATH) is None:
            advice = "Install it on the host (Debian: openssh-client)."
            raise SourceError("this host has no ssh", code="ssh_missing", whose="host", advice=advice)
        self._at = at
        self._log = home / "ssh.log"
        known = home / "known_hosts"
        known.write_text(known_hosts)
        identity = home / "key"
        identity.touch(mode=0o600)
        identity.write_text(key.reveal().rstrip("\n") + "\n")
        options = [*_FIXED, f"HostKeyAlias={known_as(at)}", f"UserKnownHostsFile={_file(known)}"]
        options.append(f"GlobalKnownHostsFile={_file(site) if site is not None else '/dev/null'}")
        if address is not None:
            options.append(f"Hostname={address}")
        words = ["ssh", "-F", "/dev/null", "-a", "-x", "-i", str(identity), "-E", str(self._log)]
        words += [word for option in options for word in ("-o", option)]
        self.environment = {
            **plain_environment(home, protocol="ssh"),
            "GIT_SSH_COMMAND": shlex.join(words),
            "GIT_SSH_VARIANT": "ssh",
        }

    def failure(self, lines: list[str]) -> SourceError | None:
        """What ssh says of the server, its key, and ours."""
        said = self._said()
        evidence = [*lines, *(line for line in said.splitlines() if not line.startswith("debug1:"))][-MAX_EVIDENCE:]
        if "Host key verification failed" in said or "Host key revoked" in said:
            return self._unverified(said)
        if "Permission denied" in said or "Too many authentication failures" in said:
            return SourceError(
                f"{self._at.host} does not let the deploy key in",
                code="git_credential",
                advice="Add its public part to the repository as a deploy key that may read, and check the address.",
                evidence=evidence,
            )
        if _UNREACHED.search(said):
            message = f"{self._at.host} was not reached by ssh at port {self._at.reached_at}"
            return SourceError(message, code="source_unreachable", retry_helps=True, evidence=evidence)
        return None

    def _unverified(self, said: str) -> SourceError:
        shown = _SHOWN.findall(said)
        evidence = [f"{known_as(self._at)} showed the host key {kind} {print_}" for kind, print_ in shown[-1:]]
        where = "the host keys of the deploy key, or this host's SLIPWAY_SSH_KNOWN_HOSTS"
        if "IDENTIFICATION HAS CHANGED" in said or "revoked" in said.lower():
            return SourceError(
                f"{self._at.host} showed another host key than the one that is known",
                code="host_key_changed",
                advice="Somebody may stand between. Ask the server's operator; if the key was replaced, put the new "
                f"one into {where}.",
                evidence=evidence,
            )
        return SourceError(
            f"the host key of {self._at.host} is not known",
            code="host_key_unknown",
            advice="Compare the fingerprint with what the server's operator publishes; if they are equal, add the "
            f"key's line, for {known_as(self._at)}, to {where}.",
            evidence=evidence,
        )

    def _said(self) -> str:
        try:
            with self._log.open("rb") as file:
                return file.read(MAX_LOG_BYTES).decode("utf-8", "replace")
        except FileNotFoundError:
            return ""


def known_as(at: Repository) -> str:
    """The name under which a known_hosts file has the server's key."""
    return at.host if at.reached_at == PORTS["ssh"] else f"[{at.host}]:{at.port}"


def _file(path: Path) -> str:
    """A path as ssh reads it in an option: quoted, and with nothing that it would fill in."""
    return '"' + str(path).replace("%", "%%") + '"'
