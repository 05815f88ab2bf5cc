"""Make the demo project."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from webapp.demo.services import make_demo
from webapp.hosts.models import Host
from webapp.problems import Refusal
from webapp.teams.models import User
from webapp.teams.policy import actor_for_user

HOST_PATIENCE_SECONDS = 15
LOOK_EVERY_SECONDS = 0.3


class Command(BaseCommand):
    help = "Makes the demo project (two services, three environments), unless it is there."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", default="", help="who makes it; else the first administrator")
        parser.add_argument(
            "--wait",
            type=float,
            default=HOST_PATIENCE_SECONDS,
            help="seconds to wait for a host that is ready, so that the first builds can be asked for",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        people = User.objects.filter(is_active=True).order_by("date_joined")
        name = options["user"]
        user = people.filter(username=name).first() if name else people.filter(is_superuser=True).first()
        if user is None:
            raise CommandError(f"There is no user {name}." if name else "There is no administrator yet.")
        _wait_for_host(options["wait"])
        try:
            project = make_demo(actor=actor_for_user(user))
        except Refusal as refusal:
            raise CommandError(refusal.detail) from refusal
        self.stdout.write(f"{project.team.slug}/{project.slug} is there, made by {user.username}.")


def _wait_for_host(seconds: float) -> None:
    """Right after a start the host may not have spoken yet."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and not any(host.state == "ready" for host in Host.objects.all()):
        time.sleep(LOOK_EVERY_SECONDS)
