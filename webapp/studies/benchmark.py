"""A study as a benchmark: its measured architectures as a table that any installation searches.

The archive has `table.csv`, one row per architecture with the mean of its values, and
`croissant.json`, which describes it: columns, seeds and protocol (Croissant 1.0, JSON-LD).
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from collections import defaultdict
from typing import Any

from nasengine.core.architecture import Architecture
from webapp.common.downloads import CHANGED
from webapp.runs.models import Candidate, CandidateState, Measurement, Study
from webapp.runs.objectives import goals_of_run
from webapp.tables.services.benchmark_files import METADATA, SETTINGS, TABLE

CONFORMS_TO = "http://mlcommons.org/croissant/1.0"
CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "dct": "http://purl.org/dc/terms/",
    "conformsTo": "dct:conformsTo",
    "recordSet": "cr:recordSet",
    "field": "cr:field",
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "source": "cr:source",
    "extract": "cr:extract",
    "column": "cr:column",
    "fileObject": "cr:fileObject",
}
PROTOCOL = ("estimator", "estimator_config", "dataset", "dataset_config", "fewer_epochs")


def benchmark_of(study: Study) -> bytes:
    """Return the archive of a study; its table has no row while nothing is measured."""
    runs = list(study.runs.order_by("pk"))
    spec = runs[0].spec if runs else {}
    goals = goals_of_run(runs[0]) if runs else []
    table = _table(study, [goal["name"] for goal in goals])
    about = _metadata(study, spec, goals, table, sorted({run.seed for run in runs}))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in ((TABLE, table), (METADATA, json.dumps(about, indent=1).encode())):
            archive.writestr(zipfile.ZipInfo(name, CHANGED), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _table(study: Study, objectives: list[str]) -> bytes:
    done = Candidate.objects.filter(run__study=study, state=CandidateState.DONE).order_by("pk")
    rows = done.values_list("pk", "architecture_id", "proposal__architecture", "run__seed")
    owners: dict[int, str] = {}
    genotypes: dict[str, str] = {}
    seeds: dict[str, set[int]] = defaultdict(set)
    for key, identity, architecture, seed in rows:
        owners[key] = identity
        genotypes.setdefault(identity, Architecture.from_json(architecture).canonical)
        seeds[identity].add(seed)
    values: dict[tuple[str, str], list[float]] = defaultdict(list)
    measured = Measurement.objects.filter(candidate__in=done, objective__in=objectives)
    for key, name, value in measured.order_by("pk").values_list("candidate", "objective", "value"):
        values[owners[key], name].append(value)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["architecture", *objectives, "evaluations", "seeds"])
    for identity, genotype in genotypes.items():
        means = [_mean(values[identity, name]) for name in objectives]
        count = max((len(values[identity, name]) for name in objectives), default=0)
        writer.writerow([genotype, *means, count, " ".join(map(str, sorted(seeds[identity])))])
    return text.getvalue().encode()


def _mean(values: list[float]) -> str:
    return repr(sum(values) / len(values)) if values else ""


def _metadata(
    study: Study,
    spec: dict[str, Any],
    goals: list[dict[str, Any]],
    table: bytes,
    seeds: list[int],
) -> dict[str, Any]:
    numbers = [*(goal["name"] for goal in goals), "evaluations"]
    fields = [_field(name, "sc:Float" if name in numbers else "sc:Text") for name in _header(goals)]
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "name": study.name,
        "description": study.question or f"Architectures that the study {study.name} measured.",
        "conformsTo": CONFORMS_TO,
        "datePublished": study.created_at.date().isoformat(),
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": TABLE,
                "name": TABLE,
                "contentUrl": TABLE,
                "encodingFormat": "text/csv",
                "sha256": hashlib.sha256(table).hexdigest(),
            }
        ],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": "architectures",
                "name": "architectures",
                "field": fields,
            }
        ],
        SETTINGS: {
            "space": spec.get("space", ""),
            "space_config": spec.get("space_config", {}),
            "architecture": "architecture",
            "columns": [
                f"{goal['name']}={goal['name']}:x:{goal['unit']}:{goal['better']}" for goal in goals
            ],
            "datasets": [spec.get("dataset", "")],
            "seeds": seeds,
            "protocol": {name: spec[name] for name in PROTOCOL if name in spec},
        },
    }


def _header(goals: list[dict[str, Any]]) -> list[str]:
    return ["architecture", *(goal["name"] for goal in goals), "evaluations", "seeds"]


def _field(name: str, kind: str) -> dict[str, Any]:
    return {
        "@type": "cr:Field",
        "@id": f"architectures/{name}",
        "name": name,
        "dataType": kind,
        "source": {"fileObject": {"@id": TABLE}, "extract": {"column": name}},
    }
