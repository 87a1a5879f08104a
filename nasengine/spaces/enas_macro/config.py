"""The settings of space `enas-macro`."""

from __future__ import annotations

from dataclasses import dataclass

from ...core.errors import InvalidSettings
from ...core.settings import setting

# In the order of the released code.
MACRO_OPERATIONS = (
    "nor_conv_3x3",
    "sep_conv_3x3",
    "nor_conv_5x5",
    "sep_conv_5x5",
    "avg_pool_3x3",
    "max_pool_3x3",
)


@dataclass(frozen=True)
class EnasMacroConfig:
    """Settings of space `enas-macro`; the paper searches 12 layers of 36 channels.

    Raises:
        InvalidSettings: operations repeat, or there are fewer than two.
    """

    operations: tuple[str, ...] = setting(
        MACRO_OPERATIONS, "Operations a layer may choose.", choices=MACRO_OPERATIONS
    )
    layers: int = setting(
        6, "Layers of the network; the map is halved at a third and at two thirds.", low=3, high=40
    )
    channels: int = setting(
        16, "Channels of stem and first layers; doubled where the map is halved.", low=2, high=512
    )
    stem: str = setting(
        "auto",
        "small: one 3x3 convolution; imagenet: three of stride 2; auto: imagenet from 64 pixels.",
        choices=("auto", "small", "imagenet"),
    )

    @property
    def stem_multiplier(self) -> int:
        """The small stem is as wide as the first layers."""
        return 1

    @property
    def reductions(self) -> tuple[int, int]:
        """The layers, counted from 1, behind which the map is halved."""
        return self.layers // 3, 2 * (self.layers // 3)

    def __post_init__(self) -> None:
        if len(set(self.operations)) != len(self.operations) or len(self.operations) < 2:
            raise InvalidSettings(
                {
                    "operations": f"{', '.join(self.operations) or 'nothing'} is no choice: "
                    "name at least two different operations"
                }
            )
