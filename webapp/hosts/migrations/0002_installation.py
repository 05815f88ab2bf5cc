"""The table of the one row that names this installation, and the row."""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from webapp.ids import new_id


def name_it(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("hosts", "Installation").objects.create(id=1, name=new_id())


class Migration(migrations.Migration):
    dependencies = [("hosts", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="Installation",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=26)),
            ],
        ),
        migrations.RunPython(name_it, migrations.RunPython.noop),
    ]
