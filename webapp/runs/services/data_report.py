"""The report of the data that a search trains on, for the form, the launch and the run page.

It needs no torch. Data that this server does not have get no report: the workers may be other
machines, and they say what is wrong when the first candidate starts.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from nasengine import catalog
from nasengine.core.data_report import DataReport
from nasengine.core.dataset import Dataset
from nasengine.core.errors import DataMissing, EngineError, InvalidSettings
from nasengine.core.search_spec import SearchSpec
from nasengine.data.common.named import named_dataset
from nasengine.execution.assembly import is_lookup
from webapp.datasets.services.resolving import known_report

MAX_CHECKED = 2000  # pictures that are decoded while a person waits
MAX_FILE_BYTES = 2**28
PATH = "dataset_config.path"
_one_at_a_time = threading.Lock()


@dataclass(frozen=True)
class DataCheck:
    """The report of a data set, or why there is none.

    Attributes:
        report: The report; None if the data could not be read.
        missing: Why the data are not read on this server; "" if they are.
        error: Why the data cannot be read anywhere; "" if they can.
    """

    report: DataReport | None = None
    missing: str = ""
    error: str = ""

    @property
    def problem(self) -> str:
        """The reason for which a training would fail; "" if none is known."""
        if self.report is not None and self.report.problems:
            return self.report.problems[0]
        return self.error


def data_check(spec: SearchSpec) -> DataCheck | None:
    """Return what is known about the data of a search; None if it trains on no data set."""
    if is_lookup(spec) or spec.dataset not in catalog.names("datasets"):
        return None
    try:
        dataset = named_dataset(spec.dataset, dict(spec.dataset_config))
    except InvalidSettings:
        return None  # the form shows the message next to its field
    try:
        # One at a time, so that many open forms do not fill the memory of the server.
        with _one_at_a_time:
            return _checked(spec.dataset, _hashable(spec.dataset_config), _stamp(dataset))
    except DataMissing as error:
        report = known_report(spec.dataset_config)  # the server has no copy of uploaded data
        return DataCheck(report) if report else DataCheck(missing=str(error))
    except EngineError as error:
        return DataCheck(error=str(error))


def data_errors(spec: SearchSpec) -> dict[str, str]:
    """Return why a search cannot train on its data, by the dotted name of the setting."""
    check = data_check(spec)
    if check is None or not check.problem:
        return {}
    has_path = hasattr(named_dataset(spec.dataset, dict(spec.dataset_config)).config, "path")
    return {PATH if has_path else "dataset": check.problem}


def stored_report(spec: SearchSpec) -> dict[str, Any]:
    """Return the report that a run keeps; {} if there is none."""
    check = data_check(spec)
    return check.report.to_json() if check is not None and check.report is not None else {}


@lru_cache(maxsize=32)
def _checked(name: str, config: tuple[tuple[str, Any], ...], stamp: Hashable) -> DataCheck:
    if isinstance(stamp, tuple) and any(size > MAX_FILE_BYTES for _, size, _ in stamp):
        return DataCheck(missing="The files are too large to be read here: run inspect-data.")
    return DataCheck(named_dataset(name, dict(config)).report(limit=MAX_CHECKED))


def _stamp(dataset: Dataset[Any]) -> Hashable:
    stamp = getattr(dataset, "stamp", None)
    return stamp() if callable(stamp) else None


def _hashable(config: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    return tuple(
        (name, tuple(value) if isinstance(value, list) else value)
        for name, value in sorted(config.items())
    )
