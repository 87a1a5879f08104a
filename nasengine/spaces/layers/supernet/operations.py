"""The operations of relaxed edges that have weights, for all edges of one source at once.

Edges that leave one node read one map, so each kind of operation is computed for all of them
together: their channels stand side by side, n x (edges * c) x h x w, and convolutions are
grouped. Convolutions are ReLU, convolution, BN (1806.09055, 2001.00326).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import torch
from torch import nn
from torch.nn import functional

from ..thinned import thinned
from .depthwise import depthwise, merged, phases
from .norm import normalised


class Source:
    """A node's map and the forms of it that several operations read, each made once.

    `edges` is how many edges read it at once.
    """

    def __init__(self, x: torch.Tensor, edges: int, stride: int):
        self.x = x
        self.edges = edges
        self.stride = stride
        even = x.shape[-2] % 2 == 0 and x.shape[-1] % 2 == 0
        self.in_phases = stride == 1 and even
        # At stride 2 a dilated kernel reads even rows and columns alone.
        self.dilation = 1 if stride == 2 or even else 2

    @cached_property
    def activated(self) -> torch.Tensor:
        """After ReLU."""
        return functional.relu(self.x)

    @cached_property
    def side_by_side(self) -> torch.Tensor:
        """After ReLU, once for each edge: n x (edges * c) x h x w."""
        return self._repeated(self.activated)

    @cached_property
    def holes(self) -> torch.Tensor:
        """The same as a kernel of dilation 2 sees it, see `phases`."""
        x = self.activated
        if self.stride == 2:
            x = x[:, :, ::2, ::2].contiguous(memory_format=torch.channels_last)
        return self._repeated(phases(x) if self.in_phases else x)

    def filled(self, y: torch.Tensor) -> torch.Tensor:
        """What was computed of `holes`, in its order again."""
        return merged(y) if self.in_phases else y

    def _repeated(self, x: torch.Tensor) -> torch.Tensor:
        return x if self.edges == 1 else torch.cat([x] * self.edges, dim=1)


class StackedOperation(nn.Module):
    """One kind of operation on all edges of a source; parameters of the edges are stacked.

    `dilated`: it computes of the source's `holes`.
    """

    dilated = False

    def __init__(self, edges: int, channels: int, stride: int):
        super().__init__()
        self.edges = edges
        self.channels = channels
        self.stride = stride

    def forward(
        self, source: Source, scale: torch.Tensor | None = None, edge: int | None = None
    ) -> torch.Tensor:
        """n x (edges * c) x h x w, edge e times scale[e]; with `edge` that one alone.

        `source` reads as many edges as are computed.
        """
        raise TypeError(f"{type(self).__name__} computes nothing")

    def stacked(self, outputs: int, inputs: int, *kernel: int) -> nn.Parameter:
        """Convolution weights of all edges, drawn as torch draws those of one convolution."""
        bound = (inputs * kernel[0] * kernel[1]) ** -0.5
        weight = torch.empty(self.edges * outputs, inputs, *kernel)
        return nn.Parameter(weight.uniform_(-bound, bound))

    def of(self, parameter: torch.Tensor, edge: int | None) -> torch.Tensor:
        """The weights of one edge, or all of them."""
        return parameter if edge is None else parameter.chunk(self.edges)[edge]

    def weighed(self, x: torch.Tensor, scale: torch.Tensor | None) -> torch.Tensor:
        """BN, times each edge's scale."""
        if scale is not None:
            scale = scale.repeat_interleave(x.shape[1] // len(scale))
        return normalised(x, scale)


class Separable(StackedOperation):
    """(ReLU, depthwise k x k, 1x1, BN) twice, the stride in the first."""

    def __init__(self, edges: int, channels: int, stride: int, kernel: int):
        super().__init__(edges, channels, stride)
        self.depthwise = self.stacked(channels, 1, kernel, kernel)
        self.pointwise = self.stacked(channels, channels, 1, 1)
        self.depthwise_again = self.stacked(channels, 1, kernel, kernel)
        self.pointwise_again = self.stacked(channels, channels, 1, 1)

    def forward(
        self, source: Source, scale: torch.Tensor | None = None, edge: int | None = None
    ) -> torch.Tensor:
        groups = source.edges
        y = depthwise(source.side_by_side, self.of(self.depthwise, edge), self.stride)
        y = functional.conv2d(y, self.of(self.pointwise, edge), groups=groups)
        y = depthwise(functional.relu_(normalised(y)), self.of(self.depthwise_again, edge))
        y = functional.conv2d(y, self.of(self.pointwise_again, edge), groups=groups)
        return self.weighed(y, scale)


class Dilated(StackedOperation):
    """ReLU, depthwise k x k of dilation 2, 1x1, BN."""

    dilated = True

    def __init__(self, edges: int, channels: int, stride: int, kernel: int):
        super().__init__(edges, channels, stride)
        self.depthwise = self.stacked(channels, 1, kernel, kernel)
        self.pointwise = self.stacked(channels, channels, 1, 1)

    def forward(
        self, source: Source, scale: torch.Tensor | None = None, edge: int | None = None
    ) -> torch.Tensor:
        x, weight = source.holes, self.of(self.depthwise, edge)
        if source.dilation == 1:
            y = depthwise(x, weight)
        else:
            y = functional.conv2d(x, weight, None, 1, weight.shape[-1] - 1, 2, x.shape[1])
        y = functional.conv2d(y, self.of(self.pointwise, edge), groups=source.edges)
        return self.weighed(y, scale)


class Dense(StackedOperation):
    """ReLU, k x k convolution, BN: one convolution for all edges, since they read one map."""

    def __init__(self, edges: int, channels: int, stride: int, kernel: int):
        super().__init__(edges, channels, stride)
        self.weight = self.stacked(channels, channels, kernel, kernel)

    def forward(
        self, source: Source, scale: torch.Tensor | None = None, edge: int | None = None
    ) -> torch.Tensor:
        weight = self.of(self.weight, edge)
        if (padding := weight.shape[-1] // 2) == 0:
            return self.weighed(thinned(source.activated, weight, self.stride), scale)
        y = functional.conv2d(source.activated, weight, None, self.stride, padding)
        return self.weighed(y, scale)


class Factored(StackedOperation):
    """ReLU, 1x7 along the width, 7x1 along the height, BN."""

    def __init__(self, edges: int, channels: int, stride: int):
        super().__init__(edges, channels, stride)
        self.along_width = self.stacked(channels, channels, 1, 7)
        self.along_height = self.stacked(channels, channels, 7, 1)

    def forward(
        self, source: Source, scale: torch.Tensor | None = None, edge: int | None = None
    ) -> torch.Tensor:
        first, second = self.of(self.along_width, edge), self.of(self.along_height, edge)
        y = functional.conv2d(source.activated, first, None, (1, self.stride), (0, 3))
        y = functional.conv2d(y, second, None, (self.stride, 1), (3, 0), groups=source.edges)
        return self.weighed(y, scale)


class Reduction(StackedOperation):
    """The skip connection at stride 2: DARTS' factorized reduction, see `blocks`."""

    def __init__(self, edges: int, channels: int, stride: int):
        super().__init__(edges, channels, stride)
        self.even = self.stacked(channels // 2, channels, 1, 1)
        self.odd = self.stacked(channels - channels // 2, channels, 1, 1)

    def forward(
        self, source: Source, scale: torch.Tensor | None = None, edge: int | None = None
    ) -> torch.Tensor:
        x = source.activated
        height, width = x.shape[-2] % 2, x.shape[-1] % 2
        shifted = functional.pad(x, (0, width, 0, height)) if height or width else x
        halves = (
            thinned(x, self.of(self.even, edge), 2),
            thinned(shifted[:, :, 1:, 1:], self.of(self.odd, edge), 2),
        )
        # Both halves of an edge stand together, the edges one after the other.
        apart = [half.permute(0, 2, 3, 1).unflatten(-1, (source.edges, -1)) for half in halves]
        y = torch.cat(apart, dim=-1).flatten(-2).permute(0, 3, 1, 2)
        return self.weighed(y, scale)


def _of_kernel(
    kind: Callable[[int, int, int, int], StackedOperation], kernel: int
) -> Callable[[int, int, int], StackedOperation]:
    return lambda edges, channels, stride: kind(edges, channels, stride, kernel)


STACKED_OPERATIONS: dict[str, Callable[[int, int, int], StackedOperation]] = {
    "sep_conv_3x3": _of_kernel(Separable, 3),
    "sep_conv_5x5": _of_kernel(Separable, 5),
    "sep_conv_7x7": _of_kernel(Separable, 7),
    "dil_conv_3x3": _of_kernel(Dilated, 3),
    "dil_conv_5x5": _of_kernel(Dilated, 5),
    "nor_conv_1x1": _of_kernel(Dense, 1),
    "nor_conv_3x3": _of_kernel(Dense, 3),
    "nor_conv_5x5": _of_kernel(Dense, 5),
    "conv_7x1_1x7": Factored,
}
