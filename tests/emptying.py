"""Tests that commit empty the database: here the trail lets go of its entries, and what migrations made stays."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import TransactionTestCase

from webapp.audit import append_only
from webapp.hosts.models import Installation
from webapp.ids import new_id
from webapp.isolation.first import FIRST
from webapp.isolation.models import Profile


def _empty_and_restore(self: Any) -> None:
    append_only.unguard(connection)
    # Without the signal that makes rows of permissions, which nobody here asks for: it takes most of the time.
    call_command("flush", verbosity=0, interactive=False, allow_cascade=False, inhibit_post_migrate=True)
    append_only.guard(connection)
    Installation.objects.get_or_create(id=1, defaults={"name": new_id()})
    Profile.objects.bulk_create(Profile(**values) for values in FIRST)


@pytest.fixture(scope="session", autouse=True)
def trail_lets_go_between_tests() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", _empty_and_restore)
        yield
