"""Space `chain-condensenet`: layers and growth of each block of a CondenseNet.

One of the two targets of MONAS (1806.10332), which calls the number of layers of a dense block
its stage, and the channels that each layer adds its growth. The paper does not list the options;
they are those that two readers of the paper report. The network is CondenseNet (1711.09224) with
learned group convolutions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...core.errors import InvalidSettings
from ...core.settings import setting
from ..common.chain import ChainSpace, check_menus


@dataclass(frozen=True)
class ChainCondenseNetConfig:
    """Settings of space `chain-condensenet`.

    Raises:
        InvalidSettings: a list of options is empty or has duplicates, or a growth is not a
            multiple of the groups.
    """

    blocks: int = setting(3, "Dense blocks, with average pooling between them.", low=1, high=6)
    stages: tuple[int, ...] = setting(
        (6, 8, 10, 12, 14),
        "Options for the number of layers of a block; 1,2,3 trains in seconds on a CPU.",
        low=1,
        high=64,
    )
    growths: tuple[int, ...] = setting(
        (4, 8, 16, 24, 32), "Options for the channels that each layer adds.", low=1, high=256
    )
    groups: int = setting(4, "Groups of both convolutions of a layer.", low=1, high=32)
    condensation: int = setting(
        4, "Condensation factor C: each group keeps 1/C of its inputs.", low=1, high=32
    )
    bottleneck: int = setting(
        4, "Channels of the 1x1 convolution, as a multiple of the growth.", low=1, high=16
    )

    def __post_init__(self) -> None:
        check_menus(stages=self.stages, growths=self.growths)
        odd = [growth for growth in self.growths if growth % self.groups]
        if odd:
            raise InvalidSettings(
                {"growths": f"must be multiples of groups, which is {self.groups} (got {odd[0]})"}
            )


class ChainCondenseNetSpace(ChainSpace):
    """Layers and growth of every block: 15,625 architectures by default."""

    name = "chain-condensenet"
    Config = ChainCondenseNetConfig
    capabilities = ChainSpace.capabilities | {"enumerate"}
    search_settings = frozenset({"blocks", "stages", "growths"})
    row, rows_setting = "block", "blocks"
    sizes = {"stage": "stages", "growth": "growths"}

    def layer_edge(self, *sizes: int) -> dict[str, Any]:
        layers, growth = sizes
        label = f"{layers} layers, growth {growth}"
        return {"op": "dense_block", "family": "group", "kernel": 3, "label": label}

    def network_maker(self) -> Any:
        from .network import condensenet

        return condensenet
