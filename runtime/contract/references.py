"""Names of images as registries and engines read them: registry/repository:tag@digest, in one canonical form.

The rules are those of the distribution project's reference grammar: no registry means docker.io, a bare name there
lies in `library/`, and neither tag nor digest means the tag `latest`. Only SHA-256 digests are read.
"""

import re
from dataclasses import dataclass

from runtime.contract.names import DIGEST

DEFAULT_REGISTRY = "docker.io"
DEFAULT_NAMESPACE = "library"
DEFAULT_TAG = "latest"
MAX_NAME = 255  # of registry and repository together
MAX_REFERENCE = MAX_NAME + 128 + 73
HIGHEST_PORT = 65535

_OTHER_NAMES_OF_DEFAULT = ("index.docker.io", "registry-1.docker.io")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_REGISTRY = re.compile(rf"({_LABEL}(?:\.{_LABEL})*|\[[0-9a-f:]+\])(?::([0-9]{{1,5}}))?")
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_PART}(?:/{_PART})*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_LIKE_AN_ID = re.compile(r"[0-9a-f]{64}")


class BadReference(ValueError):
    """That does not name an image; the message is a sentence that says why."""


@dataclass(frozen=True, slots=True)
class Reference:
    """One image's name. `str` gives the canonical form, which `parse` reads as the same value."""

    registry: str
    repository: str
    tag: str | None = None
    digest: str | None = None

    def __post_init__(self) -> None:
        _check_name(self.registry, self.repository)
        if self.tag is not None and not _TAG.fullmatch(self.tag):
            raise BadReference("A tag is letters, digits, _ . and -, at most 128, and begins with none of . and -.")
        if self.digest is not None and not DIGEST.fullmatch(self.digest):
            raise BadReference("A digest is sha256: and 64 digits from 0 to f.")
        if self.tag is None and self.digest is None:
            raise BadReference("An image is named with a tag or a digest.")

    @classmethod
    def parse(cls, text: str) -> "Reference":
        """The image that `text` names. BadReference."""
        if not text or len(text) > MAX_REFERENCE:
            raise BadReference(f"The name of an image has from 1 to {MAX_REFERENCE} characters.")
        rest, at, digest = text.partition("@")
        head, slash, last = rest.rpartition("/")
        last, colon, tag = last.partition(":")
        registry, repository = _split(f"{head}{slash}{last}")
        named = tag if colon else None
        if named is None and not at:
            named = DEFAULT_TAG
        return cls(registry=registry, repository=repository, tag=named, digest=digest if at else None)

    @property
    def name(self) -> str:
        """Registry and repository, with neither tag nor digest."""
        return f"{self.registry}/{self.repository}"

    @property
    def familiar(self) -> str:
        """As an engine shows it: what is understood without saying is left out."""
        short = self.name
        if self.registry == DEFAULT_REGISTRY and not _looks_like_host(self.repository.partition("/")[0]):
            bare = self.repository.removeprefix(f"{DEFAULT_NAMESPACE}/")
            short = self.repository if "/" in bare else bare
        return short + self._ending

    @property
    def _ending(self) -> str:
        return (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")

    def __str__(self) -> str:
        return self.name + self._ending


def _split(name: str) -> tuple[str, str]:
    """The registry and the repository: the first part is a registry when it looks like a host's name."""
    first, slash, rest = name.partition("/")
    if slash and _looks_like_host(first):
        registry, repository = first.lower(), rest
    else:
        registry, repository = DEFAULT_REGISTRY, name
    if registry in _OTHER_NAMES_OF_DEFAULT:
        registry = DEFAULT_REGISTRY
    if registry == DEFAULT_REGISTRY and "/" not in repository:
        repository = f"{DEFAULT_NAMESPACE}/{repository}"
    return registry, repository


def _looks_like_host(part: str) -> bool:
    return "." in part or ":" in part or part.lower() == "localhost"


def _check_name(registry: str, repository: str) -> None:
    host = _REGISTRY.fullmatch(registry)
    if host is None or (host[2] is not None and not 1 <= int(host[2]) <= HIGHEST_PORT):
        raise BadReference("A registry is the name of a host, with a port where it needs one.")
    if "." not in registry and ":" not in registry and registry != "localhost":
        raise BadReference("A registry has a dot or a port in its name, or it would be read as part of the image's.")
    if not _REPOSITORY.fullmatch(repository):
        raise BadReference(
            "The name of an image is lower-case letters and digits, with single . _ or - between them and / between "
            "its parts."
        )
    if len(registry) + 1 + len(repository) > MAX_NAME:
        raise BadReference(f"The name of an image has at most {MAX_NAME} characters.")
    if registry == DEFAULT_REGISTRY and _LIKE_AN_ID.fullmatch(repository.removeprefix(f"{DEFAULT_NAMESPACE}/")):
        raise BadReference("This is the ID of an image, not its name.")
    if registry == DEFAULT_REGISTRY and "/" not in repository:
        raise BadReference(f"On {DEFAULT_REGISTRY} a bare name lies in {DEFAULT_NAMESPACE}/.")
