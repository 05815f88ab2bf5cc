from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("control", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="PartRun",
            fields=[
                ("part", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("loop", models.CharField(max_length=40)),
                ("ran_at", models.DateTimeField()),
                ("runs", models.BigIntegerField(default=0)),
                ("done", models.BigIntegerField(default=0)),
                ("failures", models.BigIntegerField(default=0)),
                ("seconds", models.FloatField(default=0.0)),
                ("longest", models.FloatField(default=0.0)),
            ],
        ),
    ]
