"""`manage.py create_token USER --scope admin`: a person's token, printed this once."""

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.timezone import now

from webapp.problems import Refusal
from webapp.teams import services
from webapp.teams.models import User
from webapp.teams.policy import SYSTEM, Scope


class Command(BaseCommand):
    help = "Make a token of a person and print it, once: for automation and first contact."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user")
        parser.add_argument("--scope", action="append", required=True, choices=[scope.value for scope in Scope])
        parser.add_argument("--name", default="from the command line")
        parser.add_argument("--days", type=int, help="how long it is good; without, until it is revoked")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["user"], is_active=True).first()
        if user is None:
            raise CommandError(f"There is no active user {options['user']}.")
        days = options["days"]
        try:
            _, secret = services.create_token(
                actor=SYSTEM,
                name=options["name"],
                scopes=options["scope"],
                user=user,
                expires_at=now() + timedelta(days=days) if days is not None else None,
            )
        except Refusal as refusal:
            raise CommandError(refusal.detail) from refusal
        self.stdout.write(secret)
