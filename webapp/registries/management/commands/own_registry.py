"""Write what Slipway's own registry is started with, and tell every team of it. Prints the configuration's path."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from webapp.registries.own import place, setup


class Command(BaseCommand):
    help = "Write the configuration of Slipway's own registry (SLIPWAY_REGISTRY names its address)."

    def handle(self, *args: Any, **options: Any) -> None:
        if not place.address():
            raise CommandError("SLIPWAY_REGISTRY names no address, such as 127.0.0.1:5050.")
        path = setup.write_all()
        place.keep_rows()
        self.stdout.write(str(path))
