"""Every run has a space version and a data set; there are no drafts."""

import django.db.models.deletion
from django.db import migrations, models

STATES = [
    ("queued", "Queued"),
    ("running", "Running"),
    ("pausing", "Pausing"),
    ("paused", "Paused"),
    ("stopping", "Stopping"),
    ("stopped", "Stopped"),
    ("finished", "Finished"),
    ("failed", "Failed"),
]


def required(model):
    return models.ForeignKey(
        model, on_delete=django.db.models.deletion.RESTRICT, related_name="runs"
    )


class Migration(migrations.Migration):
    dependencies = [("runs", "0007_fill_runs")]

    operations = [
        migrations.AlterField("run", "data_set", required("runs.dataset")),
        migrations.AlterField("run", "space_version", required("runs.spaceversion")),
        migrations.AlterField(
            "run",
            "state",
            models.CharField(choices=STATES, db_index=True, default="queued", max_length=10),
        ),
    ]
