"""The triggers that make the trail append-only, for both databases. Used by a migration; never changed afterwards."""

from django.db.backends.base.base import BaseDatabaseWrapper

SQLITE = (
    """CREATE TRIGGER audit_entry_kept_as_is BEFORE UPDATE ON audit_entry
       BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END""",
    """CREATE TRIGGER audit_entry_kept BEFORE DELETE ON audit_entry
       BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END""",
)
SQLITE_UNDO = ("DROP TRIGGER IF EXISTS audit_entry_kept_as_is", "DROP TRIGGER IF EXISTS audit_entry_kept")

POSTGRESQL = (
    """CREATE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN RAISE EXCEPTION 'the audit trail is append-only'; END $$""",
    """CREATE TRIGGER audit_entry_kept_as_is BEFORE UPDATE OR DELETE ON audit_entry
       FOR EACH ROW EXECUTE FUNCTION audit_append_only()""",
    """CREATE TRIGGER audit_entry_kept BEFORE TRUNCATE ON audit_entry
       FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only()""",
)
POSTGRESQL_UNDO = (
    "DROP TRIGGER IF EXISTS audit_entry_kept_as_is ON audit_entry",
    "DROP TRIGGER IF EXISTS audit_entry_kept ON audit_entry",
    "DROP FUNCTION IF EXISTS audit_append_only()",
)


def guard(connection: BaseDatabaseWrapper) -> None:
    """Make the triggers."""
    _execute(connection, SQLITE if connection.vendor == "sqlite" else POSTGRESQL)


def unguard(connection: BaseDatabaseWrapper) -> None:
    """Take them away."""
    _execute(connection, SQLITE_UNDO if connection.vendor == "sqlite" else POSTGRESQL_UNDO)


def _execute(connection: BaseDatabaseWrapper, statements: tuple[str, ...]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
