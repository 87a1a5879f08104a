"""Removal of the ONNX files that no device needs any more."""

from __future__ import annotations

from django.conf import settings

from nasengine.core.storage import storage_at
from webapp.common.folders import is_abandoned
from webapp.devices.models import OPEN_MEASUREMENTS, Measurement


def sweep_device_networks() -> int:
    """Delete ONNX files that no open measurement needs and that are a week old; return how many.

    Younger ones may belong to another database, or to a candidate whose measurement is about to
    be requested.
    """
    root = storage_at(settings.PARETOSCOPE_DEVICE_NETWORKS)
    rows = Measurement.objects.filter(state__in=OPEN_MEASUREMENTS)
    needed = {name.partition("/")[0] for name in rows.values_list("onnx", flat=True)}
    unused = [
        place
        for name in root.places()
        if name not in needed and is_abandoned(place := root.within(name))
    ]
    for place in unused:
        place.clear()
    return len(unused)
