"""Data sets by their catalogue name."""

from __future__ import annotations

from typing import Any

from ...catalog import load
from ...core.dataset import Dataset
from ...core.settings import from_mapping


def named_dataset(name: str, values: dict[str, Any]) -> Dataset:
    """Return the data set of that name with validated settings; no file is read yet.

    Raises:
        UnknownName: the catalogue has no such data set.
        InvalidSettings: a setting is invalid.
    """
    cls = load("datasets", name)
    return cls(from_mapping(cls.Config, values))
