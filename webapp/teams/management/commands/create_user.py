"""`manage.py create_user NAME --team TEAM --role operator`: a second person, with a password printed this once."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from webapp.problems import Refusal
from webapp.teams import services
from webapp.teams.models import Role, Team
from webapp.teams.policy import SYSTEM


class Command(BaseCommand):
    help = "Make an account and print its password, once; with --team also a member of that team."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user")
        parser.add_argument("--team", help="the short name of a team to be a member of")
        parser.add_argument("--role", choices=[role.value for role in Role], default=Role.VIEWER.value)
        parser.add_argument("--site-admin", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        team = Team.objects.filter(slug=options["team"]).first() if options["team"] else None
        if options["team"] and team is None:
            raise CommandError(f"There is no team {options['team']}.")
        password = services.random_password()
        try:
            with transaction.atomic():
                user = services.create_user(
                    actor=SYSTEM, username=options["user"], password=password, site_admin=options["site_admin"]
                )
                if team is not None:
                    services.add_member(actor=SYSTEM, team=team, user=user, role=options["role"])
        except Refusal as refusal:
            found = [text for texts in refusal.errors.values() for text in texts]
            raise CommandError(" ".join([refusal.detail, *found])) from refusal
        place = f", {options['role']} of team {team.slug}" if team is not None else ""
        self.stdout.write(f"Sign in as {user.username}, password {password}{place}")
