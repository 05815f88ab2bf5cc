"""The archives' files: one that comes in per attempt, one that is whole."""

from webapp.pieces import Pieces, digest_of

_files = Pieces("exports", ".tar")
folder, archive, coming, held, take = _files.folder, _files.archive, _files.coming, _files.held, _files.take
whole_file, complete, forget, others = _files.whole_file, _files.complete, _files.forget, _files.others
has_room = _files.has_room

__all__ = [
    "archive",
    "coming",
    "complete",
    "digest_of",
    "folder",
    "forget",
    "has_room",
    "held",
    "others",
    "take",
    "whole_file",
]
