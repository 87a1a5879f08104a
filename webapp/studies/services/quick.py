"""The study that a new user can launch with one click: five methods on a packaged table."""

from __future__ import annotations

from itertools import count

from nasengine.core.search_spec import SearchSpec
from nasengine.estimators.tables.imported import ImportedTable
from nasengine.estimators.tables.packaged import packaged_tables
from webapp.accounts.models import Team, User
from webapp.runs.models import Study
from webapp.studies.plan import RANDOM_SEARCH, Method, Plan
from webapp.tables.services.packaged import import_packaged_table

from .launching import launch_study

TABLE = "digits-nb201"
METHODS = (RANDOM_SEARCH, "local-search", "regularised-evolution", "nsga2", "dpp-net")
SEEDS = tuple(range(5))
CANDIDATES = 200  # of each run: 25 runs are looked up within a minute on two cores
NAME = "Five methods on digits-nb201"
QUESTION = "Which method finds accurate and cheap networks with the fewest candidates?"


def quick_plan() -> Plan:
    """Return the plan: every method at five seeds, for error and MACs."""
    settings = packaged_tables()[TABLE].search_settings()
    settings["estimator_config"] = {"path": ImportedTable(TABLE).path}
    spec = SearchSpec(**settings, objectives=("error", "macs"), candidates=CANDIDATES)
    return Plan(spec, tuple(Method(name) for name in METHODS), SEEDS)


def launch_quick_study(team: Team, user: User | None) -> Study:
    """Launch the study under a name that is free; imports its table if the team lacks it.

    Raises:
        InvalidSettings: another launch took the name at the same moment.
    """
    import_packaged_table(team, user, TABLE)
    return launch_study(team, user, _free_name(team), quick_plan(), QUESTION)


def _free_name(team: Team) -> str:
    """The study's name, with a number if the team has launched it before."""
    alike = Study.objects.filter(team=team, name__startswith=NAME)
    taken = set(alike.values_list("name", flat=True))
    names = (NAME if number == 1 else f"{NAME} ({number})" for number in count(1))
    return next(name for name in names if name not in taken)
