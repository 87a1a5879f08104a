"""Space `mobile-chain`: stages of inverted residuals, in the manner of MobileNetV2 (1801.04381)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...core.settings import setting
from ..common import stacking
from ..common.chain import ChainSpace, check_menus, check_odd


@dataclass(frozen=True)
class MobileChainConfig:
    """Settings of space `mobile-chain`; the defaults suit `digits` on a small machine."""

    stages: int = setting(3, "Stages; each but the first halves height and width.", low=1, high=8)
    kernels: tuple[int, ...] = setting((3, 5, 7), "Options for the kernel size.", low=1, high=15)
    expansions: tuple[int, ...] = setting((1, 3, 6), "Options for the expansion.", low=1, high=16)
    widths: tuple[int, ...] = setting((8, 12, 16, 24), "Options for the channels.", low=1, high=512)
    depths: tuple[int, ...] = setting((1, 2, 3), "Options for the depth in blocks.", low=1, high=16)
    channels: int = setting(8, "Channels of the stem.", low=2, high=512)
    stem: str = stacking.stem()
    stem_multiplier = 1

    def __post_init__(self) -> None:
        check_menus(kernels=self.kernels, expansions=self.expansions)
        check_menus(widths=self.widths, depths=self.depths)
        check_odd(kernels=self.kernels)


class MobileChainSpace(ChainSpace):
    """Kernel, expansion, width and depth of every stage: 1.3 million architectures by default."""

    name = "mobile-chain"
    Config = MobileChainConfig
    search_settings = frozenset({"stages", "kernels", "expansions", "widths", "depths"})
    row, rows_setting = "stage", "stages"
    sizes = {"kernel": "kernels", "expansion": "expansions", "width": "widths", "depth": "depths"}

    def layer_edge(self, *sizes: int) -> dict[str, Any]:
        kernel, expansion, width, depth = sizes
        label = f"{depth} x {width}, {kernel}x{kernel}, expansion {expansion}"
        return {"op": "inverted_residual", "family": "separable", "kernel": kernel, "label": label}

    def network_maker(self) -> Any:
        from .network import MobileNetwork

        return MobileNetwork
