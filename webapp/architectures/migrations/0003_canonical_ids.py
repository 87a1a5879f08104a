"""Fill what earlier entries have from now on: canonical id, proposer, seed and data of the run.

Two earlier entries of a team may be isomorphic; both stay, and new candidates lead to the older.
"""

from django.db import migrations

from nasengine.core.architecture import Architecture
from nasengine.core.errors import EngineError
from nasengine.execution.canonical import canonical_id


def fill(apps, schema_editor):
    Entry = apps.get_model("architectures", "CatalogueEntry")
    entries = Entry.objects.select_related("candidate__run").order_by("pk")
    for entry in entries.iterator(chunk_size=200):
        entry.canonical_id = id_of(entry.architecture) or entry.architecture_id
        entry.proposed_by_id = entry.kept_by_id
        entry.source = {**origin(entry.candidate), **entry.source}
        entry.save(update_fields=["canonical_id", "proposed_by", "source"])


def id_of(value):
    try:
        return canonical_id(Architecture.from_json(value))
    except (EngineError, LookupError, TypeError, ValueError, AttributeError):
        return ""


def origin(candidate):
    if candidate is None:
        return {}
    run = candidate.run
    return {
        "parents": candidate.parents,
        "seed": run.seed,
        "strategy": run.strategy,
        "estimator": run.spec.get("estimator", ""),
        "dataset": run.spec.get("dataset", ""),
        "dataset_config": run.spec.get("dataset_config", {}),
        "data_digest": run.data_digest,
    }


class Migration(migrations.Migration):
    dependencies = [("architectures", "0002_stages_versions_aliases_checks")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
