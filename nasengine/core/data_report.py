"""Report of a data set: what was read, converted and skipped, and what is unusual about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

MAX_EXAMPLES = 3
FEW_IMAGES = 100  # of the validation part: with fewer, one image is more than a point of error
PARTS = ("train", "valid", "test")


@dataclass(frozen=True)
class Group:
    """Files or pictures with the same treatment: a reason, their number and the first names."""

    reason: str
    count: int
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class Class:
    """A class with its number of images in the search part and in the test part."""

    name: str
    search: int
    test: int


@dataclass(frozen=True)
class DataReport:
    """Contents of a data set, found by reading it.

    Attributes:
        dataset: Name in the catalogue.
        kind: "images" or "text".
        parts: Part -> images, or words of a text.
        classes: The classes of images; empty for text.
        vocabulary: Different words of a text; 0 for images.
        sizes: Width and height as in the files, such as "8x8", -> images.
        input_size: Width and height that a network reads; "" for text.
        read: Files read.
        converted: Conversions of pictures; a picture may be in several groups.
        skipped: Files that are not read.
        problems: Reasons for which a training on the data would fail.
        notes: Sentences about what is unusual.
        duplicates: Pictures whose stored content occurred before.
        identical: Pictures whose pixels, as a network reads them, occurred before.
        checked: Pictures that were decoded for this report.
        total: Pictures of the data set.
    """

    dataset: str
    kind: str
    parts: Mapping[str, int]
    classes: tuple[Class, ...] = ()
    vocabulary: int = 0
    sizes: Mapping[str, int] | None = None
    input_size: str = ""
    read: int = 0
    converted: tuple[Group, ...] = ()
    skipped: tuple[Group, ...] = ()
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    duplicates: int = 0
    identical: int = 0
    checked: int = 0
    total: int = 0

    @property
    def complete(self) -> bool:
        """Whether every picture was decoded."""
        return self.checked == self.total

    @property
    def coarse(self) -> str:
        """A warning if the validation part is small: what one image is in points of error."""
        images = self.parts.get("valid", 0)
        if self.kind != "images" or not 0 < images < FEW_IMAGES:
            return ""
        return (
            f"{images} validation image{'' if images == 1 else 's'}: one image is "
            f"{100 / images:.3g} points of error, so candidates are hard to compare. "
            "Use more images, or raise the validation share."
        )

    @property
    def other_sizes(self) -> int:
        """Return how many images have none of the listed `sizes`."""
        return max(0, sum(self.parts.values()) - sum((self.sizes or {}).values()))

    def to_json(self) -> dict[str, Any]:
        value = asdict(self)
        return {**value, "parts": dict(self.parts), "sizes": dict(self.sizes or {})}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> DataReport:
        """Return the report that `to_json` stored; unknown keys of later versions are ignored."""
        known = {name: value[name] for name in cls.__dataclass_fields__ if name in value}
        known["classes"] = tuple(Class(**row) for row in known.get("classes", ()))
        for name in ("converted", "skipped"):
            known[name] = tuple(
                Group(row["reason"], row["count"], tuple(row["examples"]))
                for row in known.get(name, ())
            )
        # A database does not keep the order of keys.
        parts = known["parts"]
        known["parts"] = {name: parts[name] for name in sorted(parts, key=_place)}
        sizes = known.get("sizes") or {}
        known["sizes"] = {name: sizes[name] for name in sorted(sizes, key=lambda n: (-sizes[n], n))}
        for name in ("problems", "notes"):
            known[name] = tuple(known.get(name, ()))
        return cls(**known)


def _place(part: str) -> int:
    return PARTS.index(part) if part in PARTS else len(PARTS)


class Groups:
    """Counts names by reason and keeps the first few of each."""

    def __init__(self) -> None:
        self._names: dict[str, list[str]] = {}
        self._counts: dict[str, int] = {}

    def add(self, reason: str, name: str = "", count: int = 1) -> None:
        self._counts[reason] = self._counts.get(reason, 0) + count
        names = self._names.setdefault(reason, [])
        if name and len(names) < MAX_EXAMPLES:
            names.append(name)

    def groups(self) -> tuple[Group, ...]:
        """Return the groups, the largest first."""
        ordered = sorted(self._counts.items(), key=lambda item: (-item[1], item[0]))
        return tuple(Group(reason, n, tuple(self._names[reason])) for reason, n in ordered)
