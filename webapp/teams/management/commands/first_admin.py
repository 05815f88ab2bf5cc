"""`manage.py first_admin`: the first site admin, with a password that is printed this once."""

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from webapp.problems import Refusal
from webapp.teams import services
from webapp.teams.models import User
from webapp.teams.policy import SYSTEM

DEFAULT_NAME = "admin"
ALREADY = "A site admin is already there. Sign in with your account. (Password lost: bin/manage changepassword NAME)"


class Command(BaseCommand):
    help = "Make the first site admin, from SLIPWAY_ADMIN_USER and SLIPWAY_ADMIN_PASSWORD or with a random password."

    def handle(self, *args: Any, **options: Any) -> None:
        if User.objects.filter(is_superuser=True).exists():
            self.stdout.write(ALREADY)
            return
        name = os.environ.get("SLIPWAY_ADMIN_USER") or DEFAULT_NAME
        given = os.environ.get("SLIPWAY_ADMIN_PASSWORD")
        password = given or services.random_password()
        try:
            services.create_user(actor=SYSTEM, username=name, password=password, site_admin=True)
        except Refusal as refusal:
            raise CommandError(_words(refusal)) from refusal
        shown = "the password from SLIPWAY_ADMIN_PASSWORD" if given else f"password {password}"
        self.stdout.write(f"Sign in as {name}, {shown}")


def _words(refusal: Refusal) -> str:
    return " ".join([refusal.detail, *(f"{name}: {' '.join(texts)}" for name, texts in refusal.errors.items())])
