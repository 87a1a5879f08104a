"""The columns of the NAS-Bench-201 table, by data set.

Validation accuracy after 200 epochs steers; test accuracy is only reported. Costs of
devices stand in columns of their own and are the same for every data set.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from .column import Column

ARCHITECTURE = "arch_str"
PREFIXES = {"cifar10": "c10", "cifar100": "c100", "imagenet16-120": "in16"}
# What a column of device costs looks like -> kind of objective and its unit.
DEVICE_COLUMNS = (
    (re.compile(r"lat_ms_(\w+)"), "latency", "ms"),
    (re.compile(r"energy_mj_(\w+)"), "energy", "mJ"),
    (re.compile(r"hw360_(\w+)_lat_ms"), "latency", "ms"),
    (re.compile(r"hw360_(\w+)_energy_mj"), "energy", "mJ"),
)


def is_nb201(header: Iterable[str]) -> bool:
    """Whether a table's header is the one this layout knows."""
    return {ARCHITECTURE, "c10_val_acc_200", "c10_params"} <= set(header)


@lru_cache(maxsize=32)
def objectives(header: tuple[str, ...], dataset: str) -> tuple[Column, ...]:
    """What can steer a search on this data set, of what the table holds."""
    prefix = PREFIXES[dataset]
    columns = [
        Column("error", f"{prefix}_val_acc_200", 100.0, -1.0, "%"),
        Column("params", f"{prefix}_params"),
        Column("macs", f"{prefix}_flops", unit="MAC"),
    ]
    for name in header:
        for pattern, kind, unit in DEVICE_COLUMNS:
            if match := pattern.fullmatch(name):
                columns.append(Column(f"{kind}@{match[1]}", name, unit=unit))
    return tuple(column for column in columns if column.column in header)


def reports(dataset: str) -> tuple[Column, ...]:
    """What is told beside, and steers nothing."""
    return (Column("test_error", f"{PREFIXES[dataset]}_test_acc_200", 100.0, -1.0, "%"),)
