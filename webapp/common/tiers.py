"""Tiers: where a value comes from, for pages and files."""

from __future__ import annotations

# Method of a measurement -> label and meaning.
TIERS = {
    "measured": ("Measured", "timed or read on the device"),
    "meter": ("Meter", "energy from an external meter"),
    "counter": ("Counter", "energy from the device's own counter"),
    "counted": ("Counted", "counted from the network itself"),
    "tabular": ("Table", "from a benchmark table"),
    "predicted": ("Predicted", "predicted from measurements of other networks"),
    "modelled": ("Modelled", "computed from a device profile"),
    "imported": ("Imported", "recorded by another tool"),
}


def tier_label(method: str) -> str:
    """Return the label of a tier."""
    return TIERS.get(method, (method, ""))[0]


def tier_meaning(method: str) -> str:
    """Return what a tier means."""
    return TIERS.get(method, ("", ""))[1]
