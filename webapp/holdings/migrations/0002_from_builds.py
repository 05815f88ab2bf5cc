from django.db import migrations


def note(apps, schema_editor):
    """Until a host has listed what it holds: an image is where it was built."""
    Holding = apps.get_model("holdings", "Holding")
    builds = apps.get_model("images", "Build").objects.filter(state="succeeded", finished_at__isnull=False)
    made = builds.exclude(config_digest="").order_by("finished_at")
    rows = made.values_list("host_id", "config_digest", "size", "id", "finished_at")
    batch = [
        Holding(host_id=host, image_id=image, size=size or 0, build=build, since=at, seen_at=at)
        for host, image, size, build, at in rows.iterator()
    ]
    Holding.objects.bulk_create(batch, batch_size=500, ignore_conflicts=True)


class Migration(migrations.Migration):
    dependencies = [("holdings", "0001_initial"), ("images", "0002_trigger")]
    operations = [migrations.RunPython(note, migrations.RunPython.noop)]
