"""Protocol: the named settings of a final training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from .dataset import DataKind
from .errors import EngineError
from .text import shorten

TrainsOn = Literal["train+valid", "train"]
KEYS = ("name", "help", "data_kind", "trains_on", "dataset", "settings", "network")
DATA_KINDS = ("images", "text", "any")
TRAINS_ON = ("train+valid", "train")
MAX_NAME = 80


@dataclass(frozen=True)
class Protocol:
    """How networks are trained and tested so that their figures can be compared.

    Two figures are comparable if protocol and data set are equal. A protocol whose settings were
    changed is another protocol and has another name.

    Attributes:
        settings: Settings of the estimator `train` that differ from its defaults.
        network: Settings of the space, such as cells and channels, to which networks are scaled.
            Spaces that stack other units keep their own size.
        data_kind: Kind of data it is for; "any" for both.
        trains_on: Parts whose examples are trained on. Text is always trained on train only,
            because the valid part triggers the averaging of weights.
        dataset: Data set of the paper; the default of the command line.
        base: Name of the protocol that was changed, "" if this one was not.
        changes: The changed settings.
    """

    name: str
    help: str = ""
    data_kind: DataKind | Literal["any"] = "images"
    trains_on: TrainsOn = "train+valid"
    dataset: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    network: dict[str, Any] = field(default_factory=dict)
    base: str = ""
    changes: dict[str, Any] = field(default_factory=dict)

    def changed(self, **settings: Any) -> Protocol:
        """Return a protocol with other settings, whose name says which.

        Settings that have the value already are no change.
        """
        changes = {
            name: value for name, value in settings.items() if self.settings.get(name) != value
        }
        return self._renamed(changes, settings={**self.settings, **changes})

    def with_size(self, sizes: Mapping[str, Any]) -> Protocol:
        """Return a protocol for networks of another size, whose name says which."""
        changes = {name: size for name, size in sizes.items() if self.network.get(name) != size}
        return self._renamed(changes, network={**self.network, **changes})

    def _renamed(self, changes: dict[str, Any], **parts: Any) -> Protocol:
        if not changes:
            return self
        original = self.base or self.name
        every = dict(sorted({**self.changes, **changes}.items()))
        listed = ", ".join(f"{name} {value}" for name, value in every.items())
        return replace(self, name=f"{original} ({listed})", base=original, changes=every, **parts)

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object; `base` and `changes` are left out where nothing was changed."""
        value: dict[str, Any] = {name: getattr(self, name) for name in KEYS}
        return value | ({"base": self.base, "changes": self.changes} if self.base else {})

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Protocol:
        """Return the protocol of a JSON object; only `name` must be given.

        Raises:
            EngineError: a key is unknown or has another form.
        """
        if not isinstance(value, Mapping):
            raise EngineError(f"a protocol is an object with a name and settings (got {value!r})")
        known = (*KEYS, "base", "changes")
        if unknown := [name for name in value if name not in known]:
            raise EngineError(
                f"{shorten(unknown[0], 40)} is not part of a protocol: use {', '.join(KEYS)}"
            )
        texts = ("name", "help", "data_kind", "trains_on", "dataset", "base")
        for name in texts:
            if not isinstance(value.get(name, ""), str):
                raise EngineError(f"{name} of a protocol must be text (got {shorten(value[name])})")
        for name in ("settings", "network", "changes"):
            if not isinstance(value.get(name, {}), Mapping):
                raise EngineError(
                    f"{name} of a protocol must be an object of settings "
                    f"(got {shorten(value[name], 40)})"
                )
        protocol = cls(**{**value, "name": value.get("name", "")})
        name = protocol.name
        if not name.strip() or not name.isprintable() or len(name) > MAX_NAME + 200:
            raise EngineError(f"a protocol needs a name of printable characters (got {name!r})")
        for key, allowed in (("data_kind", DATA_KINDS), ("trains_on", TRAINS_ON)):
            if getattr(protocol, key) not in allowed:
                raise EngineError(
                    f"{key} of a protocol must be one of {', '.join(allowed)} "
                    f"(got {shorten(getattr(protocol, key), 40)})"
                )
        return protocol
