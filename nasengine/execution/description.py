"""Description of one architecture: parameters, multiply-accumulates and graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..catalog import load
from ..core.architecture import Architecture
from ..core.space import Space
from ..spaces.common.deployment import as_deployed
from .building import check_builds, space_of


@dataclass(frozen=True)
class Description:
    """Facts about an architecture for one input shape and number of classes.

    `str` gives a table for people, `to_json` the same and the graph for programs.
    """

    name: str
    space: Space
    architecture: Architecture
    shape: tuple[int, ...]
    classes: int
    params: int
    macs: int

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "space": self.space.name,
            "input": list(self.shape),
            "classes": self.classes,
            "params": self.params,
            "macs": self.macs,
            "id": self.architecture.id,
            "text": self.space.text(self.architecture),
            "architecture": self.architecture.to_json(),
            "graph": self.space.graph(self.architecture),
        }

    def __str__(self) -> str:
        config = self.architecture.config
        settings = ", ".join(f"{name} {_short(value)}" for name, value in config.items())
        lines = [
            self.name,
            f"space     {self.space.name}: {settings}",
            f"input     {self._input()}",
            f"params    {self.params}",
            f"macs      {self.macs}",
        ]
        for cell in self.space.graph(self.architecture)["cells"]:
            lines += ["", f"cell {cell['name']}"]
            lines += [
                f"  {edge['source']:>4} -> {edge['target']:<4} {edge['label']}"
                for edge in cell["edges"]
            ]
        return "\n".join(lines)

    __repr__ = __str__

    def _input(self) -> str:
        if self.space.data_kind == "text":
            return f"one word of {self.classes}"
        return f"{'x'.join(map(str, self.shape))}, {self.classes} classes"


def describe(
    name: str, architecture: Architecture, shape: tuple[int, ...], classes: int
) -> Description:
    """Count a network on torch's meta device, where tensors have shapes but no data.

    Raises:
        EngineError: the space refuses its settings or the architecture.
    """
    import torch

    space = space_of(architecture)
    check_builds(space)
    with torch.device("meta"):
        network = as_deployed(space.build(architecture, shape, classes))
    params, macs = (
        int(load("objectives", kind)().measure(network, shape, None).value)
        for kind in ("params", "macs")
    )
    return Description(name, space, architecture, shape, classes, params, macs)


def _short(value: Any) -> str:
    return f"{len(value)} of them" if isinstance(value, list) else str(value)
