"""What a source is fetched with: what the order brought along, what the host allows, and whom to tell."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from runtime.redaction import Secret
from runtime.sources.context import SourceError


@dataclass(frozen=True, slots=True, kw_only=True)
class GitLimits:
    """What a fetch may use. Bytes, entries, seconds. `private`: hosts and networks that are allowed though private;
    `known_hosts`: a file with keys of SSH servers that every source may trust.
    """

    protocols: tuple[str, ...] = ("https", "ssh")
    private: tuple[str, ...] = ()
    known_hosts: Path | None = None
    seconds: float = 300.0
    fetched_bytes: int = 512 * 1024 * 1024
    tree_bytes: int = 1024 * 1024 * 1024
    tree_entries: int = 100_000


class Blobs(Protocol):
    """Where bytes come from that an order names and does not hold."""

    def fetch(self, digest: str, *, size: int, into: Path, meanwhile: Callable[[], None]) -> None:
        """Writes the new file `into`: exactly these bytes, or SourceError. `meanwhile` is called often; what it raises
        ends the fetching.
        """


class _NoBlobs:
    """For orders that hold all they need."""

    def fetch(self, digest: str, *, size: int, into: Path, meanwhile: Callable[[], None]) -> None:
        raise SourceError(f"Nobody here sends {digest}.", code="archive_missing", whose="us")


NO_BLOBS: Blobs = _NoBlobs()


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """`say` takes a line for the log, `fact` a name and what was found out (`commit`); `check_cancelled` raises when
    somebody asks to stop.
    """

    secrets: Mapping[str, Secret]
    say: Callable[[str], None]
    fact: Callable[[str, str], None]
    check_cancelled: Callable[[], None]
    git: GitLimits = field(default_factory=GitLimits)
    blobs: Blobs = NO_BLOBS

    def secret(self, name: str) -> Secret:
        """The secret that a source names. SourceError when the order came without it."""
        if name not in self.secrets:
            raise SourceError(f"The order came without the secret {name}.", code="secret_missing", whose="us")
        return self.secrets[name]
