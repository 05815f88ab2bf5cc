from django.db import migrations, models


def name_credentials(apps, schema_editor):
    """What a Git source names is for fetching it; everything else is a variable, as it was."""
    Image, Secret = apps.get_model("images", "Image"), apps.get_model("environments", "Secret")
    for project, source in Image.objects.values_list("project_id", "source").iterator():
        if source.get("kind") == "git" and source.get("credential"):
            named = Secret.objects.filter(project_id=project, environment=None, name=source["credential"])
            named.update(use="credential")


class Migration(migrations.Migration):

    dependencies = [
        ("environments", "0001_initial"),
        ("images", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="secret",
            name="use",
            field=models.CharField(choices=[("variable", "Variable"), ("credential", "Credential")], default="variable", max_length=10),
        ),
        migrations.RunPython(name_credentials, migrations.RunPython.noop),
    ]
