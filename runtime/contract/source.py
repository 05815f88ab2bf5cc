"""Where a build's context comes from, or the image itself that was saved."""

from runtime.contract.archives.rules import Format
from runtime.contract.message import Strict


class InlineSource(Strict, frozen=True, kw_only=True, tag_field="kind", tag="dockerfile"):
    """A Dockerfile with the files beside it; `files` maps a relative path to its text."""

    dockerfile: str
    files: dict[str, str] = {}


class GitSource(Strict, frozen=True, kw_only=True, tag_field="kind", tag="git"):
    """A repository by https or ssh. `ref` is a branch, tag or full commit; `None` means the remote's HEAD.

    By ssh the server's key must be among `known_hosts` or what the host itself knows.
    """

    url: str
    ref: str | None = None
    directory: str = "."
    dockerfile: str = "Dockerfile"
    credential: str | None = None  # name of a secret in the claim: "user:password"
    deploy_key: str | None = None  # name of a secret in the claim: a private key as ssh reads it
    known_hosts: str = ""  # lines of a known_hosts file
    submodules: bool = False


class ArchiveSource(Strict, frozen=True, kw_only=True, tag_field="kind", tag="archive"):
    """An uploaded archive, fetched from the control plane by its digest (`wire.blob_path`) and unpacked on the host."""

    digest: str  # sha256 of the archive itself
    size: int  # its bytes
    format: Format
    directory: str = "."
    dockerfile: str = "Dockerfile"


class SavedSource(Strict, frozen=True, kw_only=True, tag_field="kind", tag="saved"):
    """An uploaded archive that is an image itself: of `docker save`, or an OCI layout. Fetched like `ArchiveSource`."""

    digest: str  # sha256 of the archive
    size: int  # its bytes
    format: Format


Source = InlineSource | GitSource | ArchiveSource
