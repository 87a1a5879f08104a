"""From the measurements behind `digits-nb201` to the table and its description."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import platform
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from nasengine.core.settings import to_mapping
from nasengine.data.common.named import named_dataset
from nasengine.objectives.latency.processor import cpu_name

from . import digits_trainings as measured

EPOCHS = range(1, measured.TRAIN_CONFIG["epochs"] + 1)
SUMMARY = (
    "4,096 small nb201 networks trained on digits: error after each of 5 epochs, two seeds, "
    "with costs"
)


def header() -> list[str]:
    """The names of the columns."""
    by_seed = [f"error_seed{seed}_{epoch}" for seed in measured.SEEDS for epoch in EPOCHS]
    means = [f"error_{epoch}" for epoch in EPOCHS]
    return ["arch_str", *means, *by_seed, "params", "macs", "latency_ms", "latency_spread_ms"]


def rows(folder: Path) -> Iterator[list[Any]]:
    """One row for each architecture, in the order of the space.

    Raises:
        ValueError: an architecture was not trained or timed yet.
    """
    trained, timed = measured.trained(folder), measured.timed(folder)
    first = {text: group[0] for group in measured.groups() for text in group}
    for text in measured.architectures():
        times = timed.get(text, [])
        missing = [seed for seed in measured.SEEDS if (first[text], seed) not in trained]
        if missing or len(times) < measured.TIMINGS:
            raise ValueError(f"{text} is not measured yet: run train and time to their end")
        errors = np.array([measured.errors(trained[first[text], s]) for s in measured.SEEDS])
        cells = [f"{error:.3f}" for error in (*errors.mean(0), *errors.ravel())]
        latency = [f"{statistics.median(column):.4f}" for column in zip(*times, strict=True)]
        yield [text, *cells, *measured.costs(text), *latency]


def write_table(folder: Path, target: Path, facts: dict[str, str]) -> None:
    """Write `NAME.csv.gz` and its description `NAME.json` into the folder `target`.

    The same measurements give the same bytes.

    Args:
        folder: Where the measurements are.
        target: Folder of the packaged tables.
        facts: Further words for the provenance, such as the commit and the date.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([header(), *rows(folder)])
    content = text.getvalue().encode()
    packed = gzip.compress(content, compresslevel=9, mtime=0)
    (target / f"{measured.NAME}.csv.gz").write_bytes(packed)
    described = description(hashlib.sha256(content).hexdigest(), facts)
    (target / f"{measured.NAME}.json").write_text(json.dumps(described, indent=2) + "\n")


def description(digest: str, facts: dict[str, str]) -> dict[str, Any]:
    """Return the meaning of the columns, for searches, and the provenance, for people."""
    return {
        "summary": SUMMARY,
        "space": measured.SPACE.name,
        "space_config": to_mapping(measured.SPACE.config),
        "datasets": [measured.DATASET],
        "columns": [
            f"error=error_{EPOCHS[-1]}:x:%",
            "params=params",
            "macs=macs:x:MAC",
            "latency@cpu=latency_ms:x:ms",
        ],
        "report": [],
        "architecture": "arch_str",
        "digest": digest,
        "provenance": {**_method(), **_machine(), **facts},
    }


def _method() -> dict[str, Any]:
    data = named_dataset(measured.DATASET, measured.DATASET_CONFIG).facts()
    groups = measured.groups()
    return {
        "script": "benchmarks/digits_nb201.py",
        "errors": "percent of the validation images, estimator train, mean of the seeds in error_N",
        "seeds": list(measured.SEEDS),
        "train_config": measured.TRAIN_CONFIG,
        "dataset_config": measured.DATASET_CONFIG,
        "images": {"train": data.train, "valid": data.valid, "digest": data.digest},
        "shared": f"Cells that compute the same function of the input share one training: "
        f"{len(groups):,} functions for {sum(map(len, groups)):,} architectures.",
        "costs": "params and macs are counted by the objectives of these names",
        "latency": f"median of {measured.TIMINGS} timings at different moments, each the median "
        "of 30 passes, batch 1, float32, one thread; latency_spread_ms is half the interquartile "
        "range of the passes",
    }


def _machine() -> dict[str, str]:
    return {
        "processor": cpu_name(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
    }
