"""What candidates cost, and how long runs rested; earlier candidates from their times and curves.

The length of a curve is the number of epochs that were trained, also for a supernet whose
share of the data is not stored. Lookups end at the time of their start and keep no seconds.
"""

from django.db import migrations, models

COSTS = """
    UPDATE runs_candidate SET
        epochs = jsonb_array_length(curve),
        seconds = CASE WHEN ended_at > started_at
            THEN EXTRACT(EPOCH FROM ended_at - started_at)::double precision END
    WHERE ended_order IS NOT NULL AND started_at IS NOT NULL
"""
RESTS = """
    UPDATE runs_run SET rested_at = COALESCE(ended_at, (
        SELECT MAX(ended_at) FROM runs_candidate WHERE run_id = runs_run.id
    ))
    WHERE started_at IS NOT NULL AND (ended_at IS NOT NULL OR state = 'paused')
"""


class Migration(migrations.Migration):
    dependencies = [("runs", "0008_run_inputs_required")]

    operations = [
        migrations.AddField("candidate", "epochs", models.FloatField(default=0)),
        migrations.AddField("candidate", "seconds", models.FloatField(blank=True, null=True)),
        migrations.AddField("candidate", "gpu_seconds", models.FloatField(blank=True, null=True)),
        migrations.AddField("run", "rested_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("run", "rested_seconds", models.FloatField(default=0)),
        migrations.RunSQL(COSTS, migrations.RunSQL.noop),
        migrations.RunSQL(RESTS, migrations.RunSQL.noop),
    ]
