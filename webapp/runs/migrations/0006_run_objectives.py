"""Runs store their resolved objectives and best candidate; artefacts were never written."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("runs", "0005_search_spec")]

    operations = [
        migrations.DeleteModel("Artefact"),
        migrations.AddField("run", "objectives", models.JSONField(blank=True, default=list)),
        migrations.AddField("run", "best", models.PositiveIntegerField(blank=True, null=True)),
    ]
