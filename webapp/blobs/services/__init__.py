"""Bytes that people bring, as verbs: receive them, let them go, tidy up."""

from webapp.blobs.services.deleting import delete_upload, tidy
from webapp.blobs.services.receiving import max_bytes, receive_upload

__all__ = ["delete_upload", "max_bytes", "receive_upload", "tidy"]
