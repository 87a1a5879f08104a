"""Settings of space `topology`."""

from __future__ import annotations

from dataclasses import dataclass

from ...core.errors import InvalidSettings
from ...core.settings import setting


@dataclass(frozen=True)
class TopologyConfig:
    """Settings of space `topology`; the defaults suit `digits` on a small machine.

    Raises:
        InvalidSettings: kernels are even, repeat or are fewer than two, or every mutation has
            weight 0.
    """

    nodes: int = setting(12, "Maximum number of convolutions in the graph.", low=2, high=60)
    channels: int = setting(8, "Channels of the stem and of each new branch.", low=1, high=256)
    doublings: int = setting(
        3, "Maximum number of times that the channels of a convolution are doubled.", low=0, high=8
    )
    kernels: tuple[int, ...] = setting(
        (3, 5), "Options for the kernel size, odd.", low=1, high=15, unit="pixels"
    )
    merge: str = setting(
        "concat",
        "How a convolution combines several inputs. concat: concatenated; sum: added up, each "
        "after its own 1x1 convolution.",
        choices=("concat", "sum"),
    )
    ids: str = setting(
        "counted",
        "Ids of new convolutions, by which breeding matches two graphs. counted: the next number "
        "of each graph; innovation: by place, so that breeding mixes only convolutions at the "
        "same place.",
        choices=("counted", "innovation"),
        omit_default=True,
    )
    start: int = setting(
        12, "Maximum number of mutations of a random graph; the minimum is one.", low=1, high=200
    )
    pool: float = setting(
        0.3, "Probability that a new branch halves its map, if it may.", low=0.0, high=1.0
    )
    double: float = setting(
        1.0, "Relative probability of doubling the channels of a convolution.", low=0.0
    )
    add_node: float = setting(
        1.0, "Relative probability of adding a convolution between two nodes.", low=0.0
    )
    add_edge: float = setting(1.0, "Relative probability of adding an edge.", low=0.0)
    delete_edge: float = setting(1.0, "Relative probability of deleting an edge.", low=0.0)
    insert: float = setting(
        1.0, "Relative probability of inserting a convolution into an edge.", low=0.0
    )

    def __post_init__(self) -> None:
        errors = {}
        odd = all(kernel % 2 for kernel in self.kernels)
        if not odd or len(set(self.kernels)) < max(len(self.kernels), 2):
            errors["kernels"] = (
                "must be at least two different odd sizes "
                f"(got {', '.join(map(str, self.kernels)) or 'none'})"
            )
        if not any((self.double, self.add_node, self.add_edge, self.delete_edge, self.insert)):
            errors["insert"] = (
                "must be above 0, because all other mutations have probability 0 (got 0)"
            )
        if errors:
            raise InvalidSettings(errors)
