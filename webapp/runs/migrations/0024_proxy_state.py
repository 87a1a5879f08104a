"""The state of a run's filter by a proxy."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("runs", "0023_retries")]

    operations = [
        migrations.AddField("run", "proxy_state", models.JSONField(null=True, blank=True)),
    ]
