"""The files of backups."""

from webapp.pieces import Pieces

files = Pieces("backups", ".tar.gz")
