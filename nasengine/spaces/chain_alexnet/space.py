"""Space `chain-alexnet`: filters and kernel of each convolution of an AlexNet-like chain.

One of MONAS' two targets (1806.10332). The candidate lists are as two readers of the paper
report them; pools, batch normalisation and the fully connected layers are fixed by settings.
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
class ChainAlexNetConfig:
    """Settings of space `chain-alexnet`.

    Raises:
        InvalidSettings: a list of candidates is empty or repeats, or a kernel is even.
    """

    layers: int = setting(5, "Convolutions in the chain.", low=1, high=20)
    filters: tuple[int, ...] = setting(
        (8, 16, 32, 48, 64), "Numbers of filters a convolution may have.", low=1, high=1024
    )
    kernels: tuple[int, ...] = setting(
        (3, 5, 7, 9), "Sides a kernel may have, odd.", low=1, high=31, unit="pixels"
    )
    batch_norm: bool = setting(True, "Batch normalisation behind every convolution.")
    hidden: int = setting(128, "Units of the first fully connected layer.", low=1, high=8192)
    dropout: float = setting(
        0.0, "Share of what the fully connected layer reads that is dropped.", low=0.0, high=0.9
    )

    def __post_init__(self) -> None:
        check_menus(filters=self.filters, kernels=self.kernels)
        even = [kernel for kernel in self.kernels if kernel % 2 == 0]
        if even:
            raise InvalidSettings({"kernels": f"{even[0]} is even: name odd sides alone"})


class ChainAlexNetSpace(ChainSpace):
    """Filters and kernel for every convolution: 3.2 million architectures by default."""

    name = "chain-alexnet"
    Config = ChainAlexNetConfig
    config: ChainAlexNetConfig
    row = "layer"
    sizes = ("filters", "kernel")

    @property
    def rows(self) -> int:
        return self.config.layers

    @property
    def menus(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        return self.config.filters, self.config.kernels

    def layer_edge(self, first: int, second: int) -> dict[str, Any]:
        label = f"{first} {second}x{second}"
        return {"op": f"conv_{second}x{second}", "family": "conv", "kernel": second, "label": label}

    def build(
        self,
        architecture: Architecture,
        input_shape: tuple[int, ...],
        classes: int,
        auxiliary: bool = False,
    ) -> torch.nn.Module:
        from .network import AlexNetwork

        self.validate(architecture)
        return AlexNetwork(self.config, architecture.genome, input_shape, classes, auxiliary)
