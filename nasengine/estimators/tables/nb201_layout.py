"""The column mapping of the NAS-Bench-201 table, by data set.

Validation accuracy after 200 epochs is an objective; test accuracy is only reported. Device costs
have columns of their own and are the same for every data set.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from ...catalog import load, names
from .column import Column
from .partial import PartialColumn, PartialResults

ARCHITECTURE = "arch_str"
PREFIXES = {"cifar10": "c10", "cifar100": "c100", "imagenet16-120": "in16"}
# Name pattern of a column of device costs -> kind of objective and unit.
DEVICE_COLUMNS = (
    (re.compile(r"lat_ms_(\w+)"), "latency", "ms"),
    (re.compile(r"energy_mj_(\w+)"), "energy", "mJ"),
    (re.compile(r"hw360_(\w+)_lat_ms"), "latency", "ms"),
    (re.compile(r"hw360_(\w+)_energy_mj"), "energy", "mJ"),
)


def is_nb201(header: Iterable[str]) -> bool:
    """Return whether a header is that of the NAS-Bench-201 table."""
    return {ARCHITECTURE, "c10_val_acc_200", "c10_params"} <= set(header)


@lru_cache(maxsize=32)
def objectives(header: tuple[str, ...], dataset: str) -> tuple[Column, ...]:
    """Return the objectives of a search on this data set that the table has."""
    prefix = PREFIXES[dataset]
    columns = [
        Column("error", f"{prefix}_val_acc_200", 100.0, -1.0, "%"),
        Column("params", f"{prefix}_params"),
        Column("macs", f"{prefix}_flops", unit="MAC"),
    ]
    taken = {column.objective for column in columns}
    proxies = {name for name in names("proxies") if not load("proxies", name).parts} - taken
    for name in header:
        for pattern, kind, unit in DEVICE_COLUMNS:
            if match := pattern.fullmatch(name):
                columns.append(Column(f"{kind}@{match[1]}", name, unit=unit))
        if name in proxies:
            columns.append(Column(name, name, better="higher"))
    return tuple(column for column in columns if column.column in header)


def partial(header: Iterable[str], dataset: str) -> PartialResults | None:
    """Return the results of the separate 12-epoch trainings; None if the table lacks them."""
    name = f"{PREFIXES[dataset]}_val_acc_12"
    if name not in header:
        return None
    column = PartialColumn(12, Column("error", name, 100.0, -1.0, "%"))
    return PartialResults((column,), planned=200, separate=True)


def reports(dataset: str) -> tuple[Column, ...]:
    """Return the columns that are only reported."""
    return (Column("test_error", f"{PREFIXES[dataset]}_test_acc_200", 100.0, -1.0, "%"),)
