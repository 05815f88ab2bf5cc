"""`manage.py audit verify`: walk the whole chain of the trail."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from webapp.audit.services import verify


class Command(BaseCommand):
    help = "Verify the audit trail: name the first entry that was changed, removed or put in between."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("verb", choices=["verify"])

    def handle(self, *args: Any, **options: Any) -> None:
        found = verify()
        if not found.ok:
            raise CommandError(f"The trail is broken at entry {found.broken_at}; {found.entries} before it are whole.")
        self.stdout.write(f"The trail is whole: {found.entries} entries, the last hash is {found.hash}.")
