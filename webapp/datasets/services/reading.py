"""Reading an uploaded file: unpack it, name its content by a digest, report on it, store it."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nasengine.core.data_report import DataReport
from nasengine.core.errors import EngineError, InvalidSettings
from nasengine.data.common.named import named_dataset
from nasengine.data.common.pictures import DECODABLE, GREY_AS_COLOUR
from nasengine.data.common.registered import RegisteredData

from .storing import adopt, data_storage, digest_of, is_complete, scratch_folder, store_folder
from .unpacking import unpack

MAX_CHECKED = 20_000  # pictures that are decoded for a report
MAX_SIDE = 32  # of the network's input unless a person chooses more: larger ones take long
MIN_SIDE = 8
FEW_VALID_SHARE = 0.3  # of so few pictures that the default leaves a class without one


@dataclass(frozen=True)
class Content:
    """The content of an uploaded file, stored under its digest."""

    digest: str
    source: str
    config: dict[str, Any]
    report: DataReport
    files: int
    size_bytes: int

    @property
    def columns(self) -> dict[str, Any]:
        """The columns of a TeamData."""
        names = ("digest", "source", "config", "files", "size_bytes")
        return {name: getattr(self, name) for name in names} | {"report": self.report.to_json()}


def read_content(fetch: Callable[[Path], None], file_name: str, name: str) -> Content:
    """Read an uploaded file and store its content.

    Args:
        fetch: writes the file to a path.
        file_name: its name as uploaded.
        name: the name of the data set, for the report.

    Raises:
        InvalidSettings: the file cannot be read, or a training on it would fail.
    """
    scratch = scratch_folder()
    try:
        return _read(fetch, file_name, name, scratch)
    except EngineError as error:
        if isinstance(error, InvalidSettings):
            raise
        # Paths of this machine mean nothing to a person.
        text = str(error).replace(str(scratch / "found" / "content"), "the file")
        raise InvalidSettings({"file": text}) from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _read(fetch: Callable[[Path], None], file_name: str, name: str, scratch: Path) -> Content:
    uploaded, found = scratch / "uploaded", scratch / "found"
    found.mkdir()
    fetch(uploaded)
    unpacked = unpack(uploaded, file_name, found)
    uploaded.unlink()
    digest, files, size = digest_of(found)
    copy = adopt(found, digest)
    path = RegisteredData(name, digest).path
    try:
        report, config = _report(unpacked.source, path)
    except EngineError as error:
        inside = f"{copy / 'content'}"
        text = str(error).replace(f"{inside}/", "").replace(inside, "the file")
        raise InvalidSettings({"file": text.replace("; correct path", "")}) from None
    if report.problems:
        text = (
            _problems_text(report.problems)
            .replace(f"{copy}/content/", "")
            .replace(str(copy), "the file")
        )
        raise InvalidSettings({"file": text.replace("; check path", "")})
    skipped = tuple(unpacked.skipped.groups())
    report = replace(report, dataset=name, skipped=(*report.skipped, *skipped))
    place = data_storage().within(digest)
    if not is_complete(place):
        store_folder(copy, place)
    return Content(digest, unpacked.source, config, report, files, size)


def _problems_text(problems: Sequence[str]) -> str:
    """Return the problems of a report in one line; the rule for pictures follows them once."""
    rule = f": {DECODABLE}"
    text = "; ".join(problem.removesuffix(rule) for problem in problems)
    return text + rule if any(problem.endswith(rule) for problem in problems) else text


def _report(source: str, path: str) -> tuple[DataReport, dict[str, Any]]:
    """Return the report, and settings that fit: the size of small pictures, grey ones as grey."""
    config: dict[str, Any] = {}
    report = named_dataset(source, {"path": path}).report(limit=MAX_CHECKED)
    if source != "images":
        return report, config
    if any(g.reason == GREY_AS_COLOUR and g.count >= report.checked for g in report.converted):
        config["colour"] = False
    sides: Counter[int] = Counter()
    for size, count in (report.sizes or {}).items():
        sides[max(map(int, size.split("x")))] += count
    side = sides.most_common(1)[0][0] if sides else MAX_SIDE
    if side < MAX_SIDE:
        config["size"] = max(side, MIN_SIDE)
    if any(text.startswith("valid_share") for text in report.problems):
        config["valid_share"] = FEW_VALID_SHARE
    if config:
        report = named_dataset(source, {"path": path, **config}).report(limit=MAX_CHECKED)
    return report, config
