"""Create the rows of a new database: built-in rows, first team and administrator, first run."""

from __future__ import annotations

import json
import secrets

from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction

from nasengine.estimators.tables.packaged import packaged_tables
from webapp.accounts.models import Membership, Role, Team, User
from webapp.runs.models import Run
from webapp.start.built_in import store_built_in
from webapp.start.first_run import launch_first_run
from webapp.tables.services.packaged import import_packaged_table


class Command(BaseCommand):
    help = "Create the built-in rows, the first team and administrator, and a first run."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--no-first-run", action="store_true")

    def handle(self, *args: object, no_first_run: bool = False, **options: object) -> None:
        made: dict[str, str] = {}
        with transaction.atomic():
            store_built_in()
            if not User.objects.exists():
                made = make_administrator()
        team = Team.objects.order_by("id").first()
        if made and team:
            for name in packaged_tables():
                import_packaged_table(team, None, name)
        if team and not no_first_run and not Run.objects.exists():
            launch_first_run(team, User.objects.order_by("id").first())
        self.stdout.write(json.dumps(made))


def make_administrator() -> dict[str, str]:
    """Create the first team and its owner; return the name and the one-time password."""
    password = secrets.token_urlsafe(12)
    team = Team.objects.create(name="First team", slug="first-team")
    user = User.objects.create_superuser("admin", password=password)
    Membership.objects.create(team=team, user=user, role=Role.OWNER)
    return {"user": user.username, "password": password}
