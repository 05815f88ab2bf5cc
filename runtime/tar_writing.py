"""Archives as they are written: one plain file after another, piece by piece, and the two empty blocks at the end."""

import tarfile
from collections.abc import Iterable, Iterator

END = bytes(2 * tarfile.BLOCKSIZE)
PIECE = 256 * 1024  # bytes, of what is read to be written
FILE_MODE = 0o644


def member(path: str, size: int, content: Iterable[bytes]) -> Iterator[bytes]:
    """The file `path` of just `size` bytes, which `content` gives."""
    info = tarfile.TarInfo(path)
    info.size, info.mode = size, FILE_MODE
    yield info.tobuf(tarfile.PAX_FORMAT)
    yield from content
    yield bytes(-size % tarfile.BLOCKSIZE)


def text(path: str, data: bytes) -> Iterator[bytes]:
    """The file `path` with these bytes."""
    yield from member(path, len(data), (data,))
