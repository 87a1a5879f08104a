"""Dropout of the features that the classifier of a network reads."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional

from ...core.errors import EngineError


class HeadDropout:
    """A hook that drops inputs of a module in training mode.

    A hook, unlike a further module, leaves the names of the parameters as they are, so weights
    can be inherited and checkpoints loaded with dropout or without.
    """

    def __init__(self, rate: float):
        self.rate = rate

    def __call__(self, module: nn.Module, inputs: tuple[Any, ...]) -> tuple[torch.Tensor, ...]:
        return (functional.dropout(inputs[0], self.rate, module.training), *inputs[1:])


def add_head_dropout(network: nn.Module, rate: float) -> None:
    """Drop features before the module `classifier` of a network; a rate of 0 changes nothing.

    Raises:
        EngineError: the network has no module of that name.
    """
    if not rate:
        return
    classifier = getattr(network, "classifier", None)
    if not isinstance(classifier, nn.Module):
        raise EngineError(
            f"dropout is {rate:g}, but {type(network).__name__} has no module named classifier: "
            "set dropout to 0"
        )
    classifier.register_forward_pre_hook(HeadDropout(rate))
