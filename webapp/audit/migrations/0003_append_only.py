"""The database itself refuses to change or remove an entry of the trail, whoever asks."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from webapp.audit import append_only


def guard(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    append_only.guard(schema_editor.connection)


def unguard(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    append_only.unguard(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_repetition")]

    operations = [migrations.RunPython(guard, unguard)]
