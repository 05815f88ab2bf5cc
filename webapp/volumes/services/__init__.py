"""Verbs of named volumes."""

from webapp.volumes.services.assigning import Pins, Place, assign, mounted, note_made, pins_of

__all__ = ["Pins", "Place", "assign", "mounted", "note_made", "pins_of"]
