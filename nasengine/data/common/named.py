"""From a catalogue name and what a person typed to a data set."""

from __future__ import annotations

from typing import Any

from ...catalog import load
from ...core.dataset import Dataset
from ...core.settings import from_mapping


def named_dataset(name: str, values: dict[str, Any]) -> Dataset:
    """The data set of that name with checked settings; no file is read yet.

    Raises:
        UnknownName: no such data set.
        InvalidSettings: names each wrong setting.
    """
    found = load("datasets", name)
    return found(from_mapping(found.Config, values))
