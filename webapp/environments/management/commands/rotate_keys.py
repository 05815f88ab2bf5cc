"""`manage.py rotate_keys`: a new key, and every secret encrypted again under it."""

import os
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import transaction

from webapp import sealing
from webapp.audit.services import record
from webapp.environments import vault
from webapp.teams.policy import SYSTEM


class Command(BaseCommand):
    help = "Make a new encryption key and encrypt every secret again. The old key stays until you remove it."

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(settings.SLIPWAY_HOME) / sealing.KEY_FILE
        if path.is_file():
            keys = [Fernet.generate_key().decode(), *sealing.keys_in_file()]
            _write(path, keys)
            settings.ENCRYPTION_KEYS = keys
        else:
            self.stdout.write("The keys come from SLIPWAY_ENCRYPTION_KEYS; its first one is used as the new key.")
        count = vault.rotate()
        with transaction.atomic():
            record(actor=SYSTEM, action="keys.rotated", target_type="installation", after={"secrets": count})
        self.stdout.write(f"{count} secrets are under the new key. Restart Slipway, then remove the old keys.")


def _write(path: Path, keys: list[str]) -> None:
    """Whole or not at all: a half-written key file would lock every secret away."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write("\n".join(keys) + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
