"""A registry in memory: it holds images, lets in who knows the password, and misbehaves on request."""

import hashlib
from dataclasses import dataclass, field

from runtime.contract.references import Reference
from runtime.contract.reports import Layer
from runtime.engine.errors import NotInRegistry, RegistryLimited, RegistryRefused, RegistryUnreachable
from runtime.engine.values import Image, RegistryLogin


@dataclass(frozen=True, slots=True)
class Manifest:
    """An image as a registry holds it."""

    image: Image
    layers: tuple[Layer, ...]

    @property
    def digest(self) -> str:
        return "sha256:" + hashlib.sha256(f"manifest of {self.image.image_id}".encode()).hexdigest()


@dataclass(slots=True)
class FakeRegistry:
    """`away`: nobody answers. `limited`: it gives no more. `silent`: it takes the question and never answers."""

    login: tuple[str, str] | None = None
    away: bool = False
    limited: bool = False
    silent: bool = False
    names: dict[str, Manifest] = field(default_factory=dict)  # "repository:tag" and "repository@digest"

    def give(self, reference: Reference, credential: RegistryLogin | None) -> Manifest:
        """What the registry holds under that name."""
        self._let_in(credential)
        ending = f"@{reference.digest}" if reference.digest else f":{reference.tag}"
        if reference.repository + ending not in self.names:
            raise NotInRegistry(f"manifest for {reference} not found: manifest unknown")
        return self.names[reference.repository + ending]

    def take(self, reference: Reference, manifest: Manifest, credential: RegistryLogin | None) -> str:
        """The digest under which the registry holds it from now on."""
        self._let_in(credential)
        for ending in (f":{reference.tag}", f"@{manifest.digest}"):
            self.names[reference.repository + ending] = manifest
        return manifest.digest

    def _let_in(self, credential: RegistryLogin | None) -> None:
        if self.away:
            raise RegistryUnreachable("connection refused")
        known = (credential.username, credential.password.reveal()) if credential else None
        if self.login is not None and known != self.login:
            raise RegistryRefused("unauthorized: authentication required")
        if self.limited:
            raise RegistryLimited("toomanyrequests: too many requests")
