"""Space `chain-alexnet`: filters and kernel of each convolution of an AlexNet-like chain.

One of the two targets of MONAS (1806.10332). The paper does not list the options; they are
those that two readers of the paper report. Pools, batch normalisation and the fully connected
layers are fixed by settings.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...core.settings import setting
from ..common.chain import ChainSpace, check_menus, check_odd


@dataclass(frozen=True)
class ChainAlexNetConfig:
    """Settings of space `chain-alexnet`.

    Raises:
        InvalidSettings: a list of options is empty or has duplicates, or a kernel is even.
    """

    layers: int = setting(5, "Convolutions in the chain.", low=1, high=20)
    filters: tuple[int, ...] = setting(
        (8, 16, 32, 48, 64), "Options for the filters of a convolution.", low=1, high=1024
    )
    kernels: tuple[int, ...] = setting(
        (3, 5, 7, 9), "Options for the kernel size, odd.", low=1, high=31, unit="pixels"
    )
    batch_norm: bool = setting(True, "Batch normalisation after every convolution.")
    hidden: int = setting(128, "Units of the first fully connected layer.", low=1, high=8192)
    dropout: float = setting(
        0.0, "Dropout before the first fully connected layer.", low=0.0, high=0.9
    )

    def __post_init__(self) -> None:
        check_menus(filters=self.filters, kernels=self.kernels)
        check_odd(kernels=self.kernels)


class ChainAlexNetSpace(ChainSpace):
    """Filters and kernel of every convolution: 3.2 million architectures by default."""

    name = "chain-alexnet"
    Config = ChainAlexNetConfig
    search_settings = frozenset({"layers", "filters", "kernels"})
    row, rows_setting = "layer", "layers"
    sizes = {"filters": "filters", "kernel": "kernels"}

    def layer_edge(self, *sizes: int) -> dict[str, Any]:
        filters, kernel = sizes
        label = f"{filters} {kernel}x{kernel}"
        return {"op": f"conv_{kernel}x{kernel}", "family": "conv", "kernel": kernel, "label": label}

    def network_maker(self) -> Any:
        from .network import AlexNetwork

        return AlexNetwork
