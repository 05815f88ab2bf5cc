from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("environments", "0002_use_of_secrets"),
    ]

    operations = [
        migrations.AlterField(
            model_name="secret",
            name="use",
            field=models.CharField(
                choices=[("variable", "Variable"), ("credential", "Credential"), ("build", "Build")],
                default="variable",
                max_length=10,
            ),
        ),
    ]
