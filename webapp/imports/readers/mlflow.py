"""Experiments of MLflow from its folder `mlruns`; MLflow itself is not needed."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from nasengine.core.errors import EngineError

from .recorded import (
    MAX_STEP,
    Recorded,
    RecordedRun,
    Series,
    check_size,
    chosen_objectives,
    finite,
    plain_name,
)

META = "meta.yaml"
MAX_META_BYTES = 100_000
MAX_VALUE_BYTES = 500
MAX_METRIC_BYTES = 2_000_000
DONE, FAILED = (3, "3", "FINISHED"), (4, 5, "4", "5", "FAILED", "KILLED")


def is_folder(root: Path) -> bool:
    """Return whether a folder holds experiments of MLflow, or is one of them."""
    return bool(_experiments(root))


def read_folder(root: Path, wanted: str) -> list[RecordedRun]:
    """Return one run for each experiment, with MLflow's runs as candidates.

    Args:
        root: the folder `mlruns`, one that holds it, or that of one experiment.
        wanted: the objectives, see `chosen_objectives`; "": those that most runs have.

    Raises:
        EngineError: there is no experiment with runs, or a file is damaged.
    """
    found = []
    for folder in _experiments(root):
        runs = sorted(path for path in folder.iterdir() if (path / META).is_file())
        check_size(len(runs))
        if not runs:
            continue
        candidates = tuple(_candidate(_meta(path), path) for path in runs)
        known = Counter(name for candidate in candidates for name in candidate.values)
        name = str(_meta(folder).get("name") or folder.name)
        better = chosen_objectives(wanted, dict(known))
        found.append(RecordedRun(name, "mlflow", better, candidates))
    if not found:
        raise EngineError("has no experiment of MLflow with runs: choose its folder mlruns")
    return found


def _experiments(root: Path) -> list[Path]:
    """Return the folders of experiments: those with a meta.yaml whose subfolders have one too."""
    files = (root / META, *root.glob(f"*/{META}"), *root.glob(f"*/*/{META}"))
    metas = [path.parent for path in files if path.is_file()]
    folders = {path for path in metas if path.is_dir() and any(path.glob(f"*/{META}"))}
    return sorted(folders)


def _candidate(meta: dict[str, Any], folder: Path) -> Recorded:
    values, curves = _metrics(folder / "metrics")
    start, end = finite(meta.get("start_time")), finite(meta.get("end_time"))
    status = meta.get("status")
    state = "failed" if status in FAILED else "done"
    if status not in DONE and not values:
        state = "failed"
    began = datetime.fromtimestamp(start / 1000, UTC) if start and 0 < start < 4e12 else None
    seconds = (end - start) / 1000 if start and end and end >= start else None
    return Recorded(state, _params(folder / "params"), values, began, seconds, curves)


def _meta(folder: Path) -> dict[str, Any]:
    try:
        text = (folder / META).read_bytes()[:MAX_META_BYTES].decode()
        found = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        line = str(error).partition("\n")[0]
        raise EngineError(f"has a damaged {folder.name}/{META} ({line})") from None
    return found if isinstance(found, dict) else {}


def _params(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for path in _files(folder):
        with path.open("rb") as file:
            text = file.read(MAX_VALUE_BYTES).decode(errors="replace").strip()
        number = finite(text)
        found[path.relative_to(folder).as_posix()] = text if number is None else number
    return found


def _metrics(folder: Path) -> tuple[dict[str, float], dict[str, Series]]:
    """Return the last value of each metric, and its values by step.

    A line of a file is "timestamp value step". Only the end of a long file is read.
    """
    values: dict[str, float] = {}
    curves: dict[str, Series] = {}
    for path in _files(folder):
        with path.open("rb") as file:
            start = max(path.stat().st_size - MAX_METRIC_BYTES, 0)
            file.seek(start)
            lines = file.read().decode(errors="replace").strip().splitlines()
        if start:
            del lines[0]  # it may have lost its beginning
        name = plain_name(path.relative_to(folder).as_posix())
        value = _value(lines[-1]) if lines else None
        if value is not None:
            values[name] = value
        curves[name] = _series(lines)
    return values, curves


def _value(line: str) -> float | None:
    parts = line.split()
    return finite(parts[1]) if len(parts) > 1 else None


def _series(lines: list[str]) -> Series:
    """Return the values by step; lines without a step, or cut off, are left out."""
    series = Series()
    for line in lines:
        parts, value = line.split(), _value(line)
        step = finite(parts[2]) if len(parts) > 2 else None
        if step is not None and value is not None and 0 <= step <= MAX_STEP:
            series.add(int(step), value)
    return series


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
