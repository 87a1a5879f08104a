"""Store the report of the data with which a run was launched; earlier runs have none."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("runs", "0011_page_indexes")]

    operations = [
        migrations.AddField("run", "data_report", models.JSONField(default=dict, blank=True)),
    ]
