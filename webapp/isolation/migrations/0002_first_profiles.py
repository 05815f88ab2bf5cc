"""The profiles that every installation begins with."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from webapp.isolation.first import FIRST


def make_them(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for values in FIRST:
        apps.get_model("isolation", "Profile").objects.create(**values)


class Migration(migrations.Migration):
    dependencies = [("isolation", "0001_initial")]

    operations = [migrations.RunPython(make_them, migrations.RunPython.noop)]
