"""The settings of space `topology`."""

from __future__ import annotations

from dataclasses import dataclass

from ...core.errors import InvalidSettings
from ...core.settings import setting


@dataclass(frozen=True)
class TopologyConfig:
    """Settings of space `topology`; the defaults suit `digits` on a small machine.

    Raises:
        InvalidSettings: kernels are even, repeat or are fewer than two, or every chance is 0.
    """

    nodes: int = setting(12, "Most convolutions in the graph.", low=2, high=60)
    channels: int = setting(8, "Channels of the stem and of every new branch.", low=1, high=256)
    doublings: int = setting(
        3, "How often the channels of a convolution may be doubled.", low=0, high=8
    )
    kernels: tuple[int, ...] = setting(
        (3, 5), "Sides a kernel may have, odd.", low=1, high=15, unit="pixels"
    )
    merge: str = setting(
        "concat",
        "What a convolution reads of several inputs: concat, side by side; sum, added up, each "
        "through a 1x1 convolution of its own.",
        choices=("concat", "sum"),
    )
    start: int = setting(12, "A random graph has had one to so many mutations.", low=1, high=200)
    pool: float = setting(
        0.3, "Chance that a new branch halves its map, where it may.", low=0.0, high=1.0
    )
    double: float = setting(1.0, "Chance to double the channels of a convolution.", low=0.0)
    add_node: float = setting(1.0, "Chance to add a convolution between two nodes.", low=0.0)
    add_edge: float = setting(1.0, "Chance to add an edge.", low=0.0)
    delete_edge: float = setting(1.0, "Chance to delete an edge.", low=0.0)
    insert: float = setting(1.0, "Chance to insert a convolution into an edge.", low=0.0)

    def __post_init__(self) -> None:
        errors = {}
        fine = all(kernel % 2 for kernel in self.kernels)
        if not fine or len(set(self.kernels)) < max(len(self.kernels), 2):
            errors["kernels"] = (
                f"{', '.join(map(str, self.kernels)) or 'nothing'}: name two or more odd sides, "
                "each once"
            )
        if not any((self.double, self.add_node, self.add_edge, self.delete_edge, self.insert)):
            errors["insert"] = "every chance of a mutation is 0: raise one"
        if errors:
            raise InvalidSettings(errors)
