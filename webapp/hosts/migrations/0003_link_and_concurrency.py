from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("hosts", "0002_installation")]

    operations = [
        migrations.AddField(model_name="host", name="concurrency", field=models.PositiveSmallIntegerField(default=0)),
        migrations.AddField(model_name="host", name="link", field=models.CharField(blank=True, max_length=26)),
    ]
