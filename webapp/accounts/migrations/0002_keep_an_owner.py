"""A trigger that refuses, at the end of a transaction, to leave a team without an owner.

It locks the team first, so that of two transactions that each remove an owner the second one sees
what the first one did. A team that is deleted in the same transaction needs no owner.
"""

from django.db import migrations

CREATE = """
CREATE FUNCTION accounts_keep_an_owner() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM accounts_team WHERE id = OLD.team_id FOR NO KEY UPDATE;
    IF FOUND AND NOT EXISTS (
        SELECT 1 FROM accounts_membership WHERE team_id = OLD.team_id AND role = 'owner'
    ) THEN
        RAISE EXCEPTION 'team % would be left without an owner', OLD.team_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'team_keeps_an_owner';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER team_keeps_an_owner AFTER UPDATE OR DELETE ON accounts_membership
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.role = 'owner')
    EXECUTE FUNCTION accounts_keep_an_owner();
"""
DROP = """
DROP TRIGGER team_keeps_an_owner ON accounts_membership;
DROP FUNCTION accounts_keep_an_owner();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]
    operations = [migrations.RunSQL(CREATE, DROP)]
