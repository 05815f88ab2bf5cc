"""The rules of an archive: each member by itself, and all of them together. Reads nothing."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from runtime.contract.paths import complaint, link_complaint, shown

MIB = 1024 * 1024
MAX_NOTES = 5

Format = Literal["tar", "tar.gz", "zip"]
Kind = Literal["file", "folder", "link", "twin"]  # link: symbolic; twin: a hard link to a file before it


class ArchiveRefused(Exception):
    """The whole archive is refused. `too_large`: for its size, not for what it holds. The message is a sentence."""

    def __init__(self, message: str, *, too_large: bool = False) -> None:
        super().__init__(message)
        self.too_large = too_large


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What an archive may unpack to: folders count as entries, also those that are only meant by a name."""

    entries: int = 100_000
    bytes: int = 2048 * MIB
    ratio: int = 200  # bytes unpacked for each packed, once there are more than `free`
    free: int = 64 * MIB


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One entry. `size` in bytes; `target` of a link as it stands, of a twin the path of its file.

    Whose it is, its permission bits and its time (UNIX seconds) are said where the format says them.
    """

    path: str
    kind: Kind
    size: int = 0
    executable: bool = False
    target: str = ""
    mode: int = 0
    uid: int = 0
    gid: int = 0
    mtime: int = 0


@dataclass(slots=True, kw_only=True)
class Ledger:
    """What was met so far. `tick` is called often; what it raises ends the reading.

    `names` and `links` say what stands against a name, and against a link at a path to its target.
    """

    packed: int
    bounds: Bounds
    tick: Callable[[], None] = lambda: None
    names: Callable[[str], str] = complaint
    links: Callable[[str, str], str] = link_complaint
    unpacked: int = 0
    notes: list[str] = field(default_factory=list)
    _kinds: dict[str, Kind] = field(default_factory=dict)
    _sizes: dict[str, int] = field(default_factory=dict)  # of files
    _folded: set[str] = field(default_factory=set)
    _met_root: bool = False

    @property
    def entries(self) -> int:
        return len(self._kinds)

    def admit(self, member: Member) -> None:
        """Take the member in. Raises ArchiveRefused."""
        self.tick()
        said = self.names(member.path)
        if said:
            raise ArchiveRefused(f"The name {shown(member.path)} {said}.")
        self._check_links(member)
        self._place_folders_of(member.path)
        self._place(member)
        self.count(member.size if member.kind == "file" else self._sizes.get(member.target, 0))

    def admit_root(self) -> None:
        """The source's own folder, which some packers name. Raises ArchiveRefused the second time."""
        if self._met_root:
            raise ArchiveRefused("Its own folder is there twice.")
        self._met_root = True

    def count(self, size: int) -> None:
        """So many bytes more come out of it. Raises ArchiveRefused."""
        self.unpacked += size
        if self.unpacked > self.bounds.bytes:
            raise ArchiveRefused(f"It unpacks to more than {self.bounds.bytes // MIB} MiB.", too_large=True)
        if self.unpacked > max(self.bounds.free, self.bounds.ratio * self.packed):
            said = f"It unpacks to more than {self.bounds.ratio} times its size: nothing that is taken here does."
            raise ArchiveRefused(said, too_large=True)

    def _check_links(self, member: Member) -> None:
        if member.kind == "twin" and member.target not in self._sizes:
            raise ArchiveRefused(f"The hard link {shown(member.path)} leads to no file before it in the archive.")
        said = self.links(member.path, member.target) if member.kind == "link" else ""
        if said:
            raise ArchiveRefused(f"The link {shown(member.path)} {said}.")

    def _place_folders_of(self, path: str) -> None:
        """Nothing lies below a file or a link, whatever comes first."""
        end = path.find("/")
        while end != -1:
            above = path[:end]
            if self._kinds.setdefault(above, "folder") != "folder":
                raise ArchiveRefused(f"{shown(path)} lies below {shown(above)}, which is no folder.")
            end = path.find("/", end + 1)

    def _place(self, member: Member) -> None:
        before = self._kinds.get(member.path)
        if before is not None and not (before == member.kind == "folder"):
            raise ArchiveRefused(f"{shown(member.path)} is there twice.")
        if before is None:
            self._kinds[member.path] = member.kind
            self._note_case(member.path)
        if member.kind in ("file", "twin"):
            self._sizes[member.path] = member.size if member.kind == "file" else self._sizes[member.target]
        if self.entries > self.bounds.entries:
            raise ArchiveRefused(f"It holds more than {self.bounds.entries} entries.", too_large=True)

    def _note_case(self, path: str) -> None:
        folded = path.casefold()
        if folded in self._folded and len(self.notes) < MAX_NOTES:
            self.notes.append(f"{shown(path)} differs from another name by its case only.")
        self._folded.add(folded)
