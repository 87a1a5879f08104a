"""The supernet of space `enas-macro` (1802.03268), which runs one architecture at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, cast

import torch
from torch import nn

from ..layers.drop_path import drop_path, drops
from ..layers.stems import make_stem
from ..layers.supernet.graph import Fan
from ..layers.supernet.network import ImageSupernet, Output
from ..layers.supernet.norm import normalised, with_batch_statistics
from ..layers.supernet.operations import Source
from .genome import Layers, from_choices, reduced, stage
from .network import halved, make_reductions

if TYPE_CHECKING:
    from .config import EnasMacroConfig


class EnasMacroSupernet(ImageSupernet):
    """Every operation in every layer, without alphas.

    From the second layer on, the output of the operation and the skips are added up, followed by
    BN without scale and shift. A value is halved only if a later layer reads it. Channels double
    as in the stand-alone network; the released code does not double them in its search.
    `forward` takes the mean of all operations and all skips. It serves to measure the cost of
    the whole network; the search does not use it.
    """

    def __init__(self, config: EnasMacroConfig, input_shape: tuple[int, ...], classes: int):
        super().__init__()
        self.operations = config.operations
        self.halved_after = config.reductions
        self.all_layers: Layers = [
            {"op": "", "skips": list(range(number))} for number in range(config.layers)
        ]
        self.stem = make_stem(config, input_shape)
        with_batch_statistics(self.stem, affine=True)
        halved_values = reduced(self.all_layers, config.reductions)
        self.reductions = make_reductions(halved_values, config.channels)
        with_batch_statistics(self.reductions, affine=True)
        self.layers = nn.ModuleList(
            Fan(
                1,
                config.channels * 2 ** stage(number, config.reductions),
                1,
                config.operations,
                "factorized",
            )
            for number in range(1, config.layers + 1)
        )
        self.auxiliary_source = config.channels * 4, self.stem.halvings + 2
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(config.channels * 4, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        even = x.new_full((1, len(self.operations)), 1 / len(self.operations))

        def mixed(fan: Fan, y: torch.Tensor, _: str) -> torch.Tensor:
            return fan(y, even)[0]

        return self._run(x, self.all_layers, mixed)[0]

    def forward_architecture(self, x: torch.Tensor, choices: Sequence[int]) -> Output:
        drop = self.drop_of(1, 1)

        def single(fan: Fan, y: torch.Tensor, op: str) -> torch.Tensor:
            z = fan.run_operation(Source(y, 1, 1), op, 0, self.operations.index(op))
            return drop_path(z, drop) if drops(drop) else z

        layers = from_choices(choices, len(self.layers), self.operations)
        return self.with_auxiliary(*self._run(x, layers, single))

    def _run(
        self,
        x: torch.Tensor,
        layers: Layers,
        operate: Callable[[Fan, torch.Tensor, str], torch.Tensor],
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the logits, and the first map after the second halving."""
        x = self.stem(x.contiguous(memory_format=torch.channels_last))[1]
        values = {0: x}
        halved_values = reduced(layers, self.halved_after)
        for number, layer in enumerate(layers, start=1):
            if number - 1 in self.halved_after:
                n = self.halved_after.index(number - 1) + 1
                values = halved(values, n, self.reductions, halved_values)
            x = operate(cast(Fan, self.layers[number - 1]), values[number - 1], layer["op"])
            for value in layer["skips"]:
                x = x + values[value]
            values[number] = x = normalised(x) if number > 1 else x
            if number == self.halved_after[1] + 1:
                features = x
        return self.classifier(self.pool(x).flatten(1)), features
