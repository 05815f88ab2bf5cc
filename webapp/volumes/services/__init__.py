"""Verbs of named volumes."""

from webapp.volumes.services.assigning import Pins, Place, assign, mounted, note_made, pins_of
from webapp.volumes.services.backing_up import back_up, cancel_backup, order_backup, remove_backup, take_piece
from webapp.volumes.services.copying import copy_to, order_restoration, switch, switch_back
from webapp.volumes.services.counting import counted
from webapp.volumes.services.deleting import delete_volume, keep_backups

__all__ = [
    "Pins",
    "Place",
    "assign",
    "back_up",
    "cancel_backup",
    "copy_to",
    "counted",
    "delete_volume",
    "keep_backups",
    "mounted",
    "note_made",
    "order_backup",
    "order_restoration",
    "pins_of",
    "remove_backup",
    "switch",
    "switch_back",
    "take_piece",
]
