"""The report of labelled images: decoded one by one, so that memory stays small."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ...core.data_report import Class, DataReport, Groups
from ...core.errors import EngineError
from .pictures import read_picture
from .raw_images import RawImages, resized
from .split import set_test_apart, split

MAX_PROBLEMS = 5  # pictures that are named
MAX_SIZES = 5
FEW = 10  # images of a class


@dataclass(frozen=True)
class Source:
    """Input of a report.

    Attributes:
        search: The images of the search part; with those of the test part if `test` is None.
        test: The images of a test part of its own.
        names: Names of the classes by label; () if they have none.
        skipped: Files that are not read, with the reasons.
        files: Number of files that are read.
    """

    search: RawImages
    test: RawImages | None
    names: tuple[str, ...] = ()
    skipped: tuple[tuple[Path, str], ...] = ()
    files: int = 0


class _Wanted(NamedTuple):
    """The mode and the side of the pictures that a network reads."""

    mode: str
    size: int


@dataclass
class _Seen:
    """Counts over the pictures that were decoded."""

    converted: Groups = field(default_factory=Groups)
    sizes: Counter[str] = field(default_factory=Counter)
    contents: Counter[bytes] = field(default_factory=Counter)
    pixels: Counter[bytes] = field(default_factory=Counter)
    search_pixels: set[bytes] = field(default_factory=set)
    in_both: int = 0
    problems: list[str] = field(default_factory=list)
    undecodable: int = 0
    checked: int = 0


def image_report(
    dataset: str,
    source: Source,
    *,
    size: int,
    colour: bool,
    split_of: tuple[float, int, int | None],
    limit: int | None,
) -> DataReport:
    """Return the report of labelled images.

    Args:
        dataset: Name of the data set.
        source: The images.
        size: Height and width that a network reads.
        colour: Whether a network reads three channels.
        split_of: Validation share, seed and limit of the split.
        limit: Most pictures that are decoded; None: all.
    """
    labels, is_test = _labels(source)
    searched, tested = labels[~is_test], labels[is_test]
    parts, problems = _parts(searched, len(tested), split_of)
    seen = _scan(source, is_test, _Wanted("RGB" if colour else "L", size), limit)
    skipped = Groups()
    for path, reason in source.skipped:
        skipped.add(reason, path.name)
    report = DataReport(
        dataset,
        "images",
        parts,
        classes=_classes(source.names, searched, tested),
        sizes=dict(sorted(seen.sizes.items(), key=lambda item: (-item[1], item[0]))[:MAX_SIZES]),
        input_size=f"{size}x{size}",
        read=source.files,
        converted=seen.converted.groups(),
        skipped=skipped.groups(),
        problems=(*seen.problems, *_more(seen.undecodable - MAX_PROBLEMS), *problems),
        duplicates=_repeated(seen.contents),
        identical=_repeated(seen.pixels),
        checked=seen.checked,
        total=len(labels),
    )
    return replace(report, notes=tuple(_notes(report, seen, size)))


def _more(count: int) -> list[str]:
    if count < 1:
        return []
    return [f"{count:,} more {'picture' if count == 1 else 'pictures'} cannot be decoded"]


def _labels(source: Source) -> tuple[np.ndarray, np.ndarray]:
    """Return the labels of all n images, and a mask n: whether the image is a test image."""
    labels = source.search.labels
    if source.test is not None:
        is_test = np.repeat([False, True], [len(labels), len(source.test.labels)])
        return np.concatenate([labels, source.test.labels]), is_test
    is_test = np.zeros(len(labels), bool)
    is_test[set_test_apart(labels)[1]] = True
    return labels, is_test


def _parts(
    searched: np.ndarray, tested: int, split_of: tuple[float, int, int | None]
) -> tuple[dict[str, int], list[str]]:
    """Return the sizes of the parts, and why they cannot be trained on."""
    if len(np.unique(searched)) < 2:
        problems = ["one class: classification needs at least two; check path"]
        return {"train": len(searched), "valid": 0, "test": tested}, problems
    try:
        train, valid = split(searched, *split_of)
    except EngineError as error:
        return {"train": len(searched), "valid": 0, "test": tested}, [str(error)]
    return {"train": len(train), "valid": len(valid), "test": tested}, []


def _scan(source: Source, is_test: np.ndarray, wanted: _Wanted, limit: int | None) -> _Seen:
    """Decode the pictures, those of the search part first so that the others are compared."""
    seen = _Seen()
    chosen = _evenly(len(is_test), limit)
    own = len(source.search.labels)
    for index in (*chosen[~is_test[chosen]], *chosen[is_test[chosen]]):
        if index < own or source.test is None:
            _look(seen, source.search, int(index), bool(is_test[index]), wanted)
        else:
            _look(seen, source.test, int(index) - own, True, wanted)
    return seen


def _look(seen: _Seen, raw: RawImages, index: int, test: bool, wanted: _Wanted) -> None:
    origin = raw.origin(index)
    try:
        item = raw.read(index)
        picture = read_picture(item, origin, wanted.mode)
    except EngineError as error:
        seen.checked += 1
        seen.undecodable += 1
        if len(seen.problems) < MAX_PROBLEMS:
            seen.problems.append(str(error))
        return
    seen.checked += 1
    name = Path(origin).name if isinstance(item, bytes) else ""
    for conversion in (*picture.conversions, *filter(None, (raw.converted,))):
        seen.converted.add(conversion, name)
    seen.sizes["x".join(map(str, picture.image.size))] += 1
    content = item if isinstance(item, bytes) else np.ascontiguousarray(item).tobytes()
    seen.contents[hashlib.sha256(content).digest()] += 1
    pixels = hashlib.sha256(np.asarray(resized(picture.image, wanted.size)).tobytes()).digest()
    seen.pixels[pixels] += 1
    if test:
        seen.in_both += pixels in seen.search_pixels
    else:
        seen.search_pixels.add(pixels)


def _evenly(total: int, limit: int | None) -> np.ndarray:
    """Return the positions of at most `limit` pictures, evenly over all."""
    if limit is None or total <= limit:
        return np.arange(total)
    return np.unique(np.linspace(0, total - 1, limit).astype(int))


def _classes(names: Sequence[str], search: np.ndarray, test: np.ndarray) -> tuple[Class, ...]:
    count = max(len(names), int(search.max(initial=-1)) + 1, int(test.max(initial=-1)) + 1)
    counts = [np.bincount(labels, minlength=count) for labels in (search, test)]
    return tuple(
        Class(names[i] if i < len(names) else str(i), int(counts[0][i]), int(counts[1][i]))
        for i in range(count)
    )


def _repeated(counts: Counter[bytes]) -> int:
    return sum(count - 1 for count in counts.values())


def _notes(report: DataReport, seen: _Seen, size: int) -> list[str]:
    """Return sentences about what is unusual, the most serious first."""
    return [
        *_about_pictures(report, seen),
        *_about_classes(report.classes),
        *_about_size(seen, size),
    ]


def _about_pictures(report: DataReport, seen: _Seen) -> Iterator[str]:
    if seen.checked > 1 and len(seen.pixels) == 1:
        yield f"All {seen.checked:,} pictures are identical: nothing can be learned from them."
    elif report.identical:
        yield f"{report.identical:,} of {seen.checked:,} pictures are identical to an earlier one."
    if seen.in_both:
        yield (
            f"{seen.in_both:,} pictures of the test part are also in the search part: the test "
            "error will be too low."
        )


def _about_classes(classes: Sequence[Class]) -> Iterator[str]:
    if empty := [label.name for label in classes if not label.search]:
        yield f"No picture of {_list(empty)} in the search part: its output is never trained."
    elif small := [label.name for label in classes if label.search < FEW]:
        yield f"Fewer than {FEW} pictures of {_list(small)} in the search part."
    counts = sorted(label.search for label in classes if label.search)
    if counts and counts[-1] >= FEW * counts[0]:
        yield f"Classes are unequal: from {counts[0]:,} to {counts[-1]:,} pictures."
    folded = Counter(label.name.casefold() for label in classes)
    if same := [label.name for label in classes if folded[label.name.casefold()] > 1]:
        yield f"Names of classes differ only in case: {_list(same)}."


def _about_size(seen: _Seen, size: int) -> Iterator[str]:
    largest = max((int(side) for name in seen.sizes for side in name.split("x")), default=size)
    if largest < size:
        yield (
            f"Pictures of at most {largest}x{largest} pixels are enlarged to {size}x{size}, which "
            f"costs time and adds no detail: set size to {largest} to keep them."
        )


def _list(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3])
    return f"{shown} and {len(names) - 3} more" if len(names) > 3 else shown
