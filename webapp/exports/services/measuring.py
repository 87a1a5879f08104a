"""Measuring the ONNX files of an export on a device of the team, by the agent of the device."""

from __future__ import annotations

import hashlib
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from nasengine.core.architecture import Architecture
from nasengine.core.errors import InvalidSettings
from nasengine.core.storage import storage_at
from nasengine.objectives.common.device_checks import COSTS
from webapp.accounts.models import User
from webapp.accounts.services import audit
from webapp.devices.models import OPEN_MEASUREMENTS, Device, Measurement
from webapp.devices.services import measuring
from webapp.evaluations.services.control import ControlRefused, name_of
from webapp.exports.models import Export

from .archives import archive_path

SUFFIX = ".onnx"
FACTS = "network.json"
MAX_BYTES = 1 << 30  # of an ONNX file: it is read whole
NOT_HERE = (
    "the archive is not on the web server: set PARETOSCOPE_EXPORTS to a folder that workers and "
    "web server share"
)


@dataclass(frozen=True)
class _Member:
    """An ONNX file of an archive, with what the archive says about its network."""

    content: bytes
    facts: dict[str, Any]


def measurable_files(export: Export) -> list[str]:
    """Return the ONNX files of an export: device agents run those."""
    names = [str(model.get("file", "")) for model in export.report.get("models", [])]
    return [name for name in names if name.endswith(SUFFIX)]


def measure(
    export: Export, user: User | None, device_name: str, objective: str, file: str = ""
) -> Measurement:
    """Ask a device of the team to measure an ONNX file of an export.

    A measurement that is open already is returned; one that has ended is made again.

    Args:
        export: the export, which is done.
        user: who asks.
        device_name: name of the device.
        objective: a cost, such as "latency".
        file: name of the ONNX file; "" for the first one.

    Raises:
        InvalidSettings: names what is wrong: device, objective or file.
    """
    files = measurable_files(export)
    file = file or next(iter(files), "")
    device = Device.objects.filter(team=export.team, name=device_name).first()
    errors: dict[str, str] = {}
    if device is None:
        errors["device"] = f"your team has no device {device_name[:40]!r}"
    if objective not in COSTS:
        errors["objective"] = f"must be one of {', '.join(COSTS)} (got {objective[:40]!r})"
    if file not in files:
        had = f"; it has: {', '.join(files)}" if files else ""
        errors["file"] = f"the export has no ONNX file {file[:80]!r}{had}"
    if device is None or errors:
        raise InvalidSettings(errors)
    subject = _subject(export, file, _read(export, file))
    with transaction.atomic():
        row = measuring.request_again(device, subject, objective)
        export.measurements.add(row)
        text = f"asked {device.name} to measure {objective} of export {export.pk}"
        _record(export, user, text)
    return row


def stop_measuring(export: Export, user: User | None) -> None:
    """Cancel what waits for a device or is being measured.

    Raises:
        ControlRefused: nothing is.
    """
    if not measuring.cancel(_open(export), f"cancelled by {name_of(user)}"):
        raise ControlRefused("There is nothing to cancel: every measurement has ended.")
    _record(export, user, f"cancelled the measurements of export {export.pk}")


def forget_measurements(export: Export) -> None:
    """Cancel the open measurements of an export that is deleted, unless others need them."""
    alone = _open(export).exclude(waits__isnull=False)
    shared = alone.filter(exports__in=Export.objects.exclude(pk=export.pk))
    keys = set(alone.values_list("pk", flat=True)) - set(shared.values_list("pk", flat=True))
    measuring.cancel(Measurement.objects.filter(pk__in=keys), "the export was deleted")


def _open(export: Export) -> Any:
    keys = export.measurements.filter(state__in=OPEN_MEASUREMENTS).values_list("pk", flat=True)
    return Measurement.objects.filter(pk__in=list(keys))


def _read(export: Export, file: str) -> _Member:
    """Return an ONNX file of the archive.

    Raises:
        InvalidSettings: the archive is not here, or has no such file.
    """
    path = archive_path(export)
    if path is None:
        raise InvalidSettings({"file": NOT_HERE})
    try:
        with zipfile.ZipFile(path) as archive:
            members = {Path(member.filename).name: member for member in archive.infolist()}
            if members[file].file_size > MAX_BYTES:
                raise InvalidSettings({"file": f"{file} is larger than {MAX_BYTES >> 20} MiB"})
            facts = json.loads(archive.read(members[FACTS]))
            return _Member(archive.read(members[file]), facts)
    except (KeyError, ValueError, OSError, zipfile.BadZipFile) as error:
        text = f"the archive cannot be read: {str(error)[:200]}"
        raise InvalidSettings({"file": text}) from None


def _subject(export: Export, file: str, member: _Member) -> measuring.Subject:
    """Store the ONNX file for the agents; return what is measured.

    Its key is that of the file: other weights or another precision may have other costs.
    """
    digest = hashlib.sha256(member.content).hexdigest()
    place = storage_at(settings.PARETOSCOPE_DEVICE_NETWORKS).within(digest)
    place.put(file, member.content)  # also if it is there: a file in use is a new one
    architecture = export.training.evaluation.architecture
    return measuring.Subject(
        network=digest,
        architecture=architecture,
        architecture_id=Architecture.from_json(architecture).id,
        input_shape=tuple(member.facts["input_shape"]),
        classes=member.facts["classes"],
        onnx=f"{digest}/{file}",
        onnx_sha256=digest,
        onnx_bytes=len(member.content),
    )


def _record(export: Export, user: User | None, text: str) -> None:
    who = "" if user else name_of(user)
    link = f"/exports/{export.pk}/"
    audit.record("control", text, user=user, who=who, team=export.team, link=link)
