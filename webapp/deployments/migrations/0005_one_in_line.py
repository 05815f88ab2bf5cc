from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("deployments", "0004_replica_effective"),
    ]

    operations = [
        migrations.AddConstraint(
            model_name="deployment",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "in_line")),
                fields=("service", "environment"),
                name="one_deployment_in_line",
            ),
        ),
    ]
