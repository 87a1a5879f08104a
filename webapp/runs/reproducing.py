"""The facts that repeat a run: command, code, packages, data and workers."""

from __future__ import annotations

import json
import shlex
from typing import Any

from nasengine.core.search_spec import SearchSpec
from webapp.datasets.labels import data_label
from webapp.datasets.services.materialise import registered_in

from .forms import PARTS
from .imported import is_imported
from .models import Run, WorkerSlot
from .scripts import launch_scripts

PLAIN = SearchSpec()
OPTIONS = (
    *("candidates", "proposals_per_candidate", "seed", "in_flight", "fewer_epochs"),
    *("first_epochs", "reduction", "min_chance", "min_curves", "curve_model"),
    *("proxy", "proxy_keep", "proxy_correlation", "proxy_first", "proxy_checks"),
)
EPOCH_SETTINGS = OPTIONS[5:10]
PROXY_SETTINGS = OPTIONS[11:]
MAX_WORKERS = 20


def reproducing(run: Run, server: str = "") -> dict[str, Any]:
    """Return what the panel shows: two queries for any number of candidates.

    Args:
        run: the run.
        server: address of the workbench, for programs that launch the run again.
    """
    spec = SearchSpec.from_json(run.spec)
    keys = run.candidates.filter(slot__isnull=False).order_by().values("slot").distinct()
    workers = list(WorkerSlot.objects.filter(pk__in=keys).order_by("name")[:MAX_WORKERS])
    return {
        "repeatable": not is_imported(run),
        "scripts": launch_scripts(server, run.name, run.team.name, spec),
        "command": command_of(spec),
        "uploaded": data_label(run.team_id, spec.dataset, spec.dataset_config)
        if registered_in(spec.dataset_config)
        else "",
        "environment": run.environment,
        "workers": [_worker(worker) for worker in workers],
        "digest": run.data_digest,
        "table": run.benchmark_table,
    }


def command_of(spec: SearchSpec) -> str:
    """Return the command line that repeats a search with the library, quoted for a shell."""
    words = ["python", "-m", "nasengine", "search"]
    for part in PARTS:
        words += [f"--{part}", getattr(spec, part)]
    words += ["--objectives", ",".join(spec.objectives)]
    for constraint in spec.constraints:
        words += ["--constraint", constraint]
    for name in OPTIONS:
        value = getattr(spec, name)
        if name in EPOCH_SETTINGS and (spec.fewer_epochs == "off" or value == getattr(PLAIN, name)):
            continue
        if name in PROXY_SETTINGS and (spec.proxy == "off" or value == getattr(PLAIN, name)):
            continue
        if name in ("fewer_epochs", "proxy") and value == "off":
            continue
        words += [f"--{name.replace('_', '-')}", str(value)]
    for part in PARTS:
        for name, value in getattr(spec, f"{part}_config").items():
            if value is None:  # nothing was set
                continue
            words += ["--set", f"{part}.{name}={_text(value)}"]
    return shlex.join([*words, "--out", "run.jsonl"])


def _text(value: Any) -> str:
    """Return a setting as the command line reads it: lists with commas, others as JSON."""
    if isinstance(value, (list, tuple)):
        return ",".join(map(str, value))
    return value if isinstance(value, str) else json.dumps(value)


def _worker(slot: WorkerSlot) -> dict[str, Any]:
    facts = slot.facts
    cards = [card["name"] for card in facts.get("cards", [])]
    return {
        "name": slot.name,
        "host": slot.host,
        "device": ", ".join(cards) or facts.get("accelerator") or facts.get("machine", ""),
        "driver": facts.get("driver", ""),
        "python": facts.get("python", ""),
        "code": facts.get("code", ""),
    }
