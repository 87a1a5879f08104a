"""Energy of a claim from the counter of the card, recorded with its time."""

from django.db import migrations, models

BODY = """
CREATE OR REPLACE FUNCTION usage_of_candidate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM usage_record(
        'candidate', OLD.id, OLD.fence, o.team_id, o.created_by_id, o.id, OLD.slot_id,
        OLD.queue = 'cuda' OR coalesce(NEW.gpu_seconds, 0) > 0, OLD.started_at,
        coalesce(OLD.lease_until, statement_timestamp())
    ) FROM runs_run o WHERE o.id = OLD.run_id;
    {joules}
    RETURN NULL;
END
$$;
"""
COUNTED = """
    IF NEW.joules IS NOT NULL THEN
        UPDATE usage_usage SET joules = NEW.joules
        WHERE kind = 'candidate' AND object_id = OLD.id AND fence = OLD.fence;
    END IF;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("usage", "0002_record_usage"),
        ("runs", "0025_loads_and_joules"),
    ]
    operations = [
        migrations.AddField(
            model_name="usage", name="joules", field=models.FloatField(blank=True, null=True)
        ),
        migrations.RunSQL(BODY.format(joules=COUNTED), BODY.format(joules="")),
    ]
