"""Tables that come with the engine, imported for a team."""

from __future__ import annotations

from nasengine.estimators.tables.packaged import packaged_tables
from webapp.accounts.models import Team, User

from .importing import Import, import_table
from .mapping import Mapping


def import_packaged_table(team: Team, user: User | None, name: str) -> Import:
    """Import a packaged table under its own name; one that the team has is left as it is."""
    table = packaged_tables()[name]
    mapping = Mapping(
        space=table.space,
        space_config=table.space_config,
        datasets=table.datasets,
        columns=table.columns,
        report=table.report,
        architecture=table.architecture,
    )
    with table.file.open("rb") as file:
        return import_table(team, user, file, name, mapping, note=table.summary)
