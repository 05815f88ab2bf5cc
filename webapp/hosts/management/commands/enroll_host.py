"""`manage.py enroll_host NAME --credential-file PATH`: a host and the file with its credential."""

import contextlib
import os
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from webapp.hosts import services
from webapp.hosts.models import Host
from webapp.problems import Refusal
from webapp.teams.policy import SYSTEM


class Command(BaseCommand):
    help = "Enroll a host and write its credential to a file. A file whose credential still works is kept."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--credential-file", type=Path, required=True)
        parser.add_argument("--every-team", action="store_true", help="serve every team, when the host is new")

    def handle(self, *args: Any, **options: Any) -> None:
        name, path = options["name"], Path(options["credential_file"])
        known = services.find_host(_read(path))
        if known is not None and known.name == name:
            self.stdout.write(f"Host {name} is enrolled already; {path} works.")
            return
        try:
            credential = _credential(name, every_team=options["every_team"])
        except Refusal as refusal:
            said = [refusal.detail, *(text for texts in refusal.errors.values() for text in texts)]
            raise CommandError(" ".join(said)) from refusal
        _write(path, credential)
        self.stdout.write(f"Host {name} is enrolled; its credential is in {path}.")


def _credential(name: str, *, every_team: bool) -> str:
    host = Host.objects.filter(name=name).exclude(credential_digest="").first()
    if host is not None:
        return services.renew_credential(actor=SYSTEM, host=host)
    _, credential = services.enroll(actor=SYSTEM, name=name, every_team=every_team)
    return credential


def _read(path: Path) -> str:
    with contextlib.suppress(OSError):
        return path.read_text().strip()
    return ""


def _write(path: Path, credential: str) -> None:
    """Whole or not at all, and readable by its owner only."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(credential + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
