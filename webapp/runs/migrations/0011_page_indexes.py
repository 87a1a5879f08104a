"""Indexes of the run page and of the list of runs."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("runs", "0010_pruned")]

    operations = [
        migrations.AddIndex(
            model_name="candidate",
            index=models.Index(fields=["run", "state"], name="candidates_of_run_by_state"),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(fields=["team", "-created_at", "-id"], name="runs_of_team_by_age"),
        ),
    ]
