"""The shared network of space `enas-macro` (1802.03268): one architecture is run at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import nn

from ..layers.cell_network import make_stem
from ..layers.supernet.graph import Fan
from ..layers.supernet.network import ImageSupernet
from ..layers.supernet.norm import by_the_batch, normalised
from ..layers.supernet.operations import Source
from .genome import Layers, chosen, reduced, stage
from .network import halved, make_reductions


class EnasMacroSupernet(ImageSupernet):
    """Every operation in every layer; there are no alphas.

    What an operation gives and the skips are added up, then BN without scale and shift, from
    the second layer on. A value is halved when somebody reads it. Channels double as in the
    network on its own, which released code leaves out in its search. `forward` mixes all
    operations evenly and takes all skips: it says what the whole network costs, and nothing is
    searched by it.
    """

    def __init__(self, config: Any, input_shape: tuple[int, ...], classes: int):
        super().__init__()
        self.operations = config.operations
        self.halved_after = config.reductions
        self.everything: Layers = [
            {"op": "", "skips": list(range(number))} for number in range(config.layers)
        ]
        self.stem = make_stem(config, input_shape)
        by_the_batch(self.stem, affine=True)
        places = reduced(self.everything, config.reductions)
        self.reductions = make_reductions(places, config.channels)
        by_the_batch(self.reductions, affine=True)
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
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(config.channels * 4, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        even = x.new_full((1, len(self.operations)), 1 / len(self.operations))

        def mixed(fan: Fan, y: torch.Tensor, _: str) -> torch.Tensor:
            return fan(y, even)[0]

        return self._through(x, self.everything, mixed)

    def forward_architecture(self, x: torch.Tensor, choices: Sequence[int]) -> torch.Tensor:
        def one(fan: Fan, y: torch.Tensor, op: str) -> torch.Tensor:
            return fan.one(Source(y, 1, 1), op, 0, self.operations.index(op))

        return self._through(x, chosen(choices, len(self.layers), self.operations), one)

    def _through(self, x: torch.Tensor, layers: Layers, operate: Any) -> torch.Tensor:
        x = self.stem(x.contiguous(memory_format=torch.channels_last))[1]
        values = {0: x}
        wanted = reduced(layers, self.halved_after)
        for number, layer in enumerate(layers, start=1):
            if number - 1 in self.halved_after:
                n = self.halved_after.index(number - 1) + 1
                values = halved(values, n, self.reductions, wanted)
            x = operate(cast(Fan, self.layers[number - 1]), values[number - 1], layer["op"])
            for value in layer["skips"]:
                x = x + values[value]
            values[number] = x = normalised(x) if number > 1 else x
        logits: torch.Tensor = self.classifier(self.pool(x).flatten(1))
        return logits
