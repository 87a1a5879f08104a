"""The search over pages, runs, studies, architectures and people of a team."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import Q
from django.urls import NoReverseMatch, reverse

from webapp.accounts.models import Membership, Team
from webapp.architectures.models import CatalogueEntry
from webapp.queries.language import quote
from webapp.runs.models import Run, Study

MAX_HITS = 6  # of each kind
MAX_TEXT = 200
PAGES = {
    "New run": "run-new",
    "New study": "study-new",
    "Overview": "overview",
    "Runs": "run-list",
    "Import runs": "runs-import",
    "Studies": "study-list",
    "Compare": "compare",
    "Architectures": "architecture-list",
    "Evaluations": "evaluation-list",
    "Devices": "device-list",
    "Fleet": "fleet",
    "Data": "data-list",
    "Benchmark tables": "table-list",
    "Team": "team",
    "Account": "account",
    "API tokens": "tokens",
}
# Further words by which people look for a page.
WORDS = {
    "API tokens": "script program python client command line cli http rest launch from a program",
    "Account": "password theme profile settings passkeys",
    "Notices": "notifications mail email chat browser webhooks",
    "Data": "data sets datasets upload pictures images text",
    "Devices": "boards phones latency agents",
    "Fleet": "workers gpus cards queues",
    "Team": "members people roles invitations quotas",
    "Evaluations": "full trainings train",
    "Architectures": "catalogue networks exports",
    "Benchmark tables": "csv results nas-bench",
}


@dataclass(frozen=True)
class Hit:
    """Something that can be opened: its name, what else there is to know, its address."""

    name: str
    about: str
    address: str


def search(team: Team, text: str) -> dict[str, list[Hit]]:
    """Return what matches a text, by kind; kinds without a hit are left out. Four queries."""
    text = text.strip()[:MAX_TEXT]
    found = {"Pages": _pages(text)}
    if text:
        found |= {
            "Runs": _runs(team, text),
            "Studies": _studies(team, text),
            "Architectures": _architectures(team, text),
            "People": _people(team, text),
        }
    return {kind: hits for kind, hits in found.items() if hits}


def _pages(text: str) -> list[Hit]:
    hits = []
    for label, name in PAGES.items():
        if text.lower() in f"{label} {WORDS.get(label, '')}".lower():
            try:
                hits.append(Hit(label, "", reverse(name)))
            except NoReverseMatch:  # this installation has no such page
                continue
    return hits if not text else hits[:MAX_HITS]


def _runs(team: Team, text: str) -> list[Hit]:
    named = Q(name__icontains=text) | Q(study__name__icontains=text) | Q(tags__contains=[text])
    number = text.removeprefix("#")
    if number.isascii() and number.isdigit() and len(number) < 18:
        named |= Q(pk=int(number))
    runs = Run.objects.filter(named, team=team, archived_at=None)
    rows = runs.values_list("pk", "name", "strategy", "state")[:MAX_HITS]
    return [
        Hit(name, f"#{pk}, {strategy}, {state}", reverse("run-detail", args=[pk]))
        for pk, name, strategy, state in rows
    ]


def _studies(team: Team, text: str) -> list[Hit]:
    studies = Study.objects.filter(Q(name__icontains=text) | Q(question__icontains=text), team=team)
    rows = studies.values_list("pk", "name", "question")[:MAX_HITS]
    return [Hit(name, why[:80], reverse("study-detail", args=[pk])) for pk, name, why in rows]


def _architectures(team: Team, text: str) -> list[Hit]:
    entries = CatalogueEntry.objects.filter(team=team, name__icontains=text)
    rows = entries.values_list("pk", "name", "stage")[:MAX_HITS]
    return [Hit(name, stage, reverse("architecture-detail", args=[pk])) for pk, name, stage in rows]


def _people(team: Team, text: str) -> list[Hit]:
    """Return the members of the team; their address lists their runs."""
    named = Q(user__username__icontains=text) | Q(user__first_name__icontains=text)
    members = Membership.objects.filter(named | Q(user__last_name__icontains=text), team=team)
    names = members.order_by("user__username").values_list("user__username", flat=True)[:MAX_HITS]
    runs = reverse("run-list")
    queries = [(name, urlencode({"q": f"author:{quote(name)}"})) for name in names]
    return [Hit(name, "runs of this person", f"{runs}?{query}") for name, query in queries]
