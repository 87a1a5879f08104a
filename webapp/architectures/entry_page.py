"""Content of the page of one entry."""

from __future__ import annotations

import json
from typing import Any

from django.http import QueryDict

from webapp.accounts.permissions import AnyUser, may
from webapp.exports.queries import exports_of, report_rows
from webapp.runs.drawings import text_of
from webapp.runs.models import Candidate

from .comparison import Compared, compared
from .evaluated import protocols_of
from .models import USABLE, CatalogueEntry, EntryCheck
from .network_drawing import network_drawing
from .queries import MAX_OPTIONS, card, history_of, others_of, with_superseded
from .services.aliases import SUGGESTED
from .services.editing import edit_version
from .services.moves import moves_for, rights_of
from .services.versions import versions_of

MAX_EXPORTS = 20


def entry_page(entry: CatalogueEntry, user: AnyUser, asked: QueryDict) -> dict[str, Any]:
    """Return the context of the page; `asked` may name another entry to compare with."""
    rights = rights_of(entry, user)
    candidate = Candidate.objects.filter(entries=entry).select_related("run").first()
    versions = list(with_superseded(versions_of(entry)).only("pk", "name", "version", "stage"))
    others = list(others_of(entry)[:MAX_OPTIONS])
    exports = exports_of(entry.team, [entry.canonical_id])[entry.canonical_id][:MAX_EXPORTS]
    protocols = protocols_of(entry)
    shown = card(entry)
    return {
        **shown,
        "network_graph": network_drawing(entry.network, shown["graph"]),
        "candidate": candidate,
        "text": text_of(entry.architecture),
        "architecture_json": json.dumps(entry.architecture, indent=1, ensure_ascii=False),
        "story": history_of(entry),
        "may_decide": rights.curator,
        "may_edit": rights.curator or may(user, "keep", entry.team),
        "moves": moves_for(entry, rights),
        "own_approval": rights.curator and rights.proposer and entry.team.second_person,
        "aliases": list(entry.aliases.all()),
        "alias_names": SUGGESTED,
        "has_aliases": entry.stage in USABLE,
        "versions": versions if len(versions) > 1 else [],
        "newest": versions[0] if versions and versions[0].pk != entry.pk else None,
        "others": others,
        "compared": _compared(entry, asked),
        "protocols": protocols,
        "has_network": any(protocol.figures for protocol in protocols),
        "exports": exports,
        "reports": [{"export": e, "rows": report_rows(e)} for e in exports if e.report],
        "open_check": EntryCheck.objects.filter(
            entry=entry, state__in=("queued", "running")
        ).first(),
        "edit_version": edit_version(entry),
        "errors": {},
        "typed": {},
    }


def _compared(entry: CatalogueEntry, asked: QueryDict) -> Compared | None:
    """Return the comparison with the entry that the address names."""
    key = asked.get("with", "")
    if not (key.isascii() and key.isdigit() and len(key) < 10):
        return None
    other = CatalogueEntry.objects.filter(team_id=entry.team_id, pk=int(key)).first()
    return None if other is None or other.pk == entry.pk else compared(other, entry)
