"""`manage.py instance`: the value of the label slipway.instance on everything this Slipway runs."""

from typing import Any

from django.core.management.base import BaseCommand

from webapp.hosts.instance import instance_name


class Command(BaseCommand):
    help = "Print the name by which this Slipway labels its containers."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(instance_name())
