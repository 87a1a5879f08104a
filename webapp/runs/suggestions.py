"""Suggestions for the filter field of the list of runs."""

from __future__ import annotations

import re
from typing import Any

from django.db.models import F, Func, TextField
from django.db.models.fields.json import KeyTextTransform, KeyTransform

from webapp.accounts.models import Membership, Team
from webapp.queries.language import quote

from .models import Run, Study
from .run_fields import SETTING, field_names, vocabulary

MAX_ITEMS = 60
MAX_READ = 500
FLAGS = {
    "archived": "Runs in the archive.",
    "starred": "Runs that you have starred.",
    "mine": "Runs that you launched.",
    "or": "Joins alternatives.",
}
# The values of these fields are read from the runs of the team.
STORED: dict[str, Any] = {
    "tag": Func(F("tags"), function="unnest", output_field=TextField()),
    "space": KeyTextTransform("space", "spec"),
    "data": KeyTextTransform("dataset", "spec"),
    "dataset": KeyTextTransform("dataset", "spec"),
    "objective": Func(
        KeyTransform("objectives", "spec"),
        function="jsonb_array_elements_text",
        output_field=TextField(),
    ),
}
_VALUE = re.compile(r'([^\W\d][\w.@-]*)(?:!=|<=|>=|[:=])(?:[^\s()]*,)?("[^"]*|[^\s(),"]*)$')
_WORD = re.compile(r"(?:^|[\s(-])([\w.@-]*)$")
Item = dict[str, str]


def suggestions(team: Team, user: Any, text: str) -> dict[str, Any]:
    """Return what can follow a filter that ends here: the start of the word, and its choices."""
    if found := _VALUE.search(text):
        typed = found[2].lstrip('"')
        names = _values(team, user, found[1].lower())
        items = [{"insert": quote(name), "about": ""} for name in _matching(names, typed)]
        return {"start": found.start(2), "items": items}
    found = _WORD.search(text)
    typed = found[1] if found else ""
    start = found.start(1) if found else len(text)
    abouts = {f"{name}:": about for name, about in field_names().items()} | FLAGS
    if typed.startswith("set"):
        abouts = {f"{SETTING}{name}": "A setting." for name in setting_names(team)}
    else:
        abouts |= {name: "Value of the best candidate." for name in objective_names(team)}
    items = [{"insert": name, "about": abouts[name]} for name in _matching(abouts, typed)]
    return {"start": start, "items": items}


def objective_names(team: Team) -> list[str]:
    """Return the objectives of the team's runs."""
    runs = Run.objects.filter(team=team).order_by().annotate(each=STORED["objective"])
    return sorted(runs.values_list("each", flat=True).distinct()[:MAX_READ])


def setting_names(team: Team) -> list[str]:
    """Return the settings of the newest runs: of the search and of its parts."""
    names: set[str] = set()
    for spec in Run.objects.filter(team=team).values_list("spec", flat=True)[:20]:
        for key, value in spec.items():
            names.update(value if isinstance(value, dict) else [key])
    return sorted(names)


def _values(team: Team, user: Any, name: str) -> list[str]:
    """Return the values of a field that the team has."""
    runs = Run.objects.filter(team=team).order_by()
    if name in STORED:
        each = runs.annotate(each=STORED[name]).values_list("each", flat=True)
        return sorted(each.distinct()[:MAX_READ])
    if name == "author":
        members = Membership.objects.filter(team=team).order_by("user__username")
        return ["me", *members.values_list("user__username", flat=True)[:MAX_READ]]
    if name == "study":
        return list(Study.objects.filter(team=team).values_list("name", flat=True)[:MAX_READ])
    field = vocabulary(user).field(name)
    return list(field.choices) if field else []


def _matching(names: Any, typed: str) -> list[str]:
    """Return the names that start with what was typed, then those that contain it."""
    low = typed.lower()
    first = [name for name in names if name.lower().startswith(low)]
    later = [name for name in names if low in name.lower() and name not in first]
    found = (first + later)[:MAX_ITEMS]
    return [] if found == [typed] else found
