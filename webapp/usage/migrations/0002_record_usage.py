"""Triggers that record the time of a claim when it ends, whatever ends it.

A claim ends when the work leaves the state `running` or loses its worker. The time of a worker that
died counts until the end of its lease.
"""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION usage_record(
    kind text, object_id bigint, fence integer, team bigint, person bigint, run bigint,
    slot uuid, on_gpu boolean, since timestamptz, until timestamptz
) RETURNS void LANGUAGE sql AS $$
    INSERT INTO usage_usage
        (kind, object_id, fence, team_id, user_id, run_id, device, is_gpu, threads, seconds,
         started_at)
    SELECT kind, object_id, fence, team, person, run,
        CASE WHEN on_gpu THEN left(coalesce(w.facts #>> '{cards,0,name}', 'GPU'), 120) ELSE 'cpu' END,
        on_gpu,
        CASE WHEN w.facts ->> 'threads' ~ '^[0-9]{1,4}$' THEN (w.facts ->> 'threads')::int ELSE 1 END,
        greatest(0, extract(epoch FROM least(statement_timestamp(), until) - since)), since
    FROM (SELECT 1) AS one LEFT JOIN runs_workerslot w ON w.id = slot
    ON CONFLICT DO NOTHING;
$$;
"""

TRIGGER = """
CREATE FUNCTION usage_of_{kind}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM usage_record(
        '{kind}', OLD.id, OLD.fence, o.team_id, o.{person}, {run}, OLD.slot_id,
        OLD.queue = 'cuda'{gpu}, OLD.started_at, coalesce(OLD.lease_until, statement_timestamp())
    ) FROM {source};
    RETURN NULL;
END
$$;
CREATE TRIGGER usage_of_{kind} AFTER UPDATE OF state, slot_id ON {table}
    FOR EACH ROW WHEN (
        OLD.state = 'running' AND OLD.slot_id IS NOT NULL AND OLD.started_at IS NOT NULL
        AND (NEW.state <> 'running' OR NEW.slot_id IS DISTINCT FROM OLD.slot_id)
    ) EXECUTE FUNCTION usage_of_{kind}();
"""
WORK = [
    {
        "kind": "candidate",
        "table": "runs_candidate",
        "person": "created_by_id",
        "run": "o.id",
        "gpu": " OR coalesce(NEW.gpu_seconds, 0) > 0",
        "source": "runs_run o WHERE o.id = OLD.run_id",
    },
    {
        "kind": "training",
        "table": "evaluations_training",
        "person": "requested_by_id",
        "run": "NULL",
        "gpu": "",
        "source": "evaluations_evaluation o WHERE o.id = OLD.evaluation_id",
    },
    {
        "kind": "export",
        "table": "exports_export",
        "person": "requested_by_id",
        "run": "NULL",
        "gpu": "",
        "source": "(SELECT OLD.team_id, OLD.requested_by_id) AS o(team_id, requested_by_id)",
    },
]
CREATE = FUNCTION + "".join(TRIGGER.format(**work) for work in WORK)
DROP = (
    "".join(
        "DROP TRIGGER usage_of_{kind} ON {table}; DROP FUNCTION usage_of_{kind}();".format(**work)
        for work in WORK
    )
    + "DROP FUNCTION usage_record;"
)


class Migration(migrations.Migration):
    dependencies = [
        ("usage", "0001_initial"),
        ("runs", "0018_best_values_and_stars"),
        ("evaluations", "0003_resumable"),
        ("exports", "0003_resumable"),
    ]
    operations = [migrations.RunSQL(CREATE, DROP)]
