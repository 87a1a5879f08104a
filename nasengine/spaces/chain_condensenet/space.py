"""Space `chain-condensenet`: stage and growth of each block of a CondenseNet.

One of MONAS' two targets (1806.10332): how many layers a dense block has, and how many channels
each of them adds. The candidate lists are as two readers of the paper report them. The
network is CondenseNet's (1711.09224) with learned group convolutions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...core.architecture import Architecture
from ...core.errors import InvalidSettings
from ...core.settings import setting
from ..common.chain import ChainSpace, check_menus

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class ChainCondenseNetConfig:
    """Settings of space `chain-condensenet`.

    Raises:
        InvalidSettings: a list of candidates is empty or repeats, or a growth does not
            split into the groups.
    """

    blocks: int = setting(3, "Dense blocks, average pooling between them.", low=1, high=6)
    stages: tuple[int, ...] = setting(
        (6, 8, 10, 12, 14),
        "Numbers of layers a block may have; 1,2,3 trains in seconds on a processor.",
        low=1,
        high=64,
    )
    growths: tuple[int, ...] = setting(
        (4, 8, 16, 24, 32), "Channels each layer of a block may add.", low=1, high=256
    )
    groups: int = setting(4, "Groups of both convolutions of a layer.", low=1, high=32)
    condensation: int = setting(
        4, "A group reads one of so many inputs in the end.", low=1, high=32
    )
    bottleneck: int = setting(
        4, "The 1x1 convolution has this many times the growth.", low=1, high=16
    )

    def __post_init__(self) -> None:
        check_menus(stages=self.stages, growths=self.growths)
        odd = [growth for growth in self.growths if growth % self.groups]
        if odd:
            raise InvalidSettings(
                {
                    "growths": f"{odd[0]} does not split into {self.groups} groups: name "
                    "multiples of groups, or lower groups"
                }
            )


class ChainCondenseNetSpace(ChainSpace):
    """Layers and growth for every block: 15,625 architectures by default."""

    name = "chain-condensenet"
    Config = ChainCondenseNetConfig
    capabilities = ChainSpace.capabilities | {"enumerate"}
    config: ChainCondenseNetConfig
    row = "block"
    sizes = ("stage", "growth")

    @property
    def rows(self) -> int:
        return self.config.blocks

    @property
    def menus(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        return self.config.stages, self.config.growths

    def layer_edge(self, first: int, second: int) -> dict[str, Any]:
        label = f"{first} layers, growth {second}"
        return {"op": "dense_block", "family": "group", "kernel": 3, "label": label}

    def build(
        self,
        architecture: Architecture,
        input_shape: tuple[int, ...],
        classes: int,
        auxiliary: bool = False,
    ) -> torch.nn.Module:
        from .network import condensenet

        self.validate(architecture)
        return condensenet(self.config, architecture.genome, input_shape, classes, auxiliary)
