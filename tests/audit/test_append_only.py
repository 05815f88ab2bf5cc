"""The database refuses to change the trail; tests that commit still start from nothing."""

import pytest
from django.db import DatabaseError, connection, transaction

from webapp.audit.models import Entry
from webapp.audit.services import record, verify
from webapp.hosts.instance import instance_name
from webapp.teams.policy import SYSTEM


@pytest.mark.parametrize(
    "sql", ["UPDATE audit_entry SET actor = 'somebody else'", "DELETE FROM audit_entry WHERE number = 1"]
)
@pytest.mark.django_db
def test_an_entry_is_neither_changed_nor_removed(sql: str) -> None:
    with transaction.atomic():
        record(actor=SYSTEM, action="test.done", target_type="test")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    assert Entry.objects.get().actor == "slipway"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", [1, 2])
def test_a_test_that_commits_leaves_an_empty_trail_and_a_named_installation(turn: int) -> None:
    assert Entry.objects.count() == 0
    assert instance_name()
    with transaction.atomic():
        record(actor=SYSTEM, action="test.done", target_type="test", reason=str(turn))
    assert verify().entries == 1
