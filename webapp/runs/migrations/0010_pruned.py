"""Count the told candidates that were not trained because they violate a constraint.

They do not count towards the budget. In runs of earlier versions every proposal counts: their
budget stays as it was, because they get one proposal per candidate.
"""

from django.db import migrations, models

ONE_PROPOSAL = """
    UPDATE runs_run SET spec = spec || '{"proposals_per_candidate": 1}'::jsonb
    WHERE NOT spec ? 'proposals_per_candidate'
"""


class Migration(migrations.Migration):
    dependencies = [("runs", "0009_costs")]

    operations = [
        migrations.AddField("run", "pruned", models.PositiveIntegerField(default=0)),
        migrations.RunSQL(ONE_PROPOSAL, migrations.RunSQL.noop),
    ]
