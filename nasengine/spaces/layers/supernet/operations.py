"""The operations of relaxed edges that have weights, with stacked parameters.

Edges that leave one node read the same map. On the CPU the compiled kernel computes ReLU, depthwise
and 1x1 convolution and BN of each edge at once. Elsewhere each kind of operation is computed for
all edges together: their channels are concatenated, n x (edges * c) x h x w, and convolutions are
grouped. Convolutions are ReLU, convolution, BN (1806.09055, 2001.00326).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import torch
from torch import nn
from torch.nn import functional

from ..depthwise import depthwise, merged, phases
from ..kernels import quarters
from ..native.relu_conv_bn import is_supported, relu_conv_bn
from ..pointwise import pointwise_conv
from .norm import EPSILON, normalised

Maps = list[torch.Tensor]  # one for each edge


class Source:
    """The map of a node, and the forms of it that several operations read, each computed once.

    Args:
        x: n x c x h x w.
        edges: Number of edges that are computed together.
        stride: Stride of these edges.
    """

    def __init__(self, x: torch.Tensor, edges: int, stride: int):
        self.x = x
        self.edges = edges
        self.stride = stride
        even = x.shape[-2] % 2 == 0 and x.shape[-1] % 2 == 0
        self.in_phases = stride == 1 and even
        # At stride 2 a dilated kernel reads only even rows and columns: a map without dilation.
        self.dilation = 1 if stride == 2 or even else 2

    @cached_property
    def activated(self) -> torch.Tensor:
        """The map after ReLU."""
        return functional.relu(self.x)

    @cached_property
    def repeated(self) -> torch.Tensor:
        """The map after ReLU, repeated for each edge: n x (edges * c) x h x w."""
        return self._repeated(self.activated)

    @cached_property
    def even_pixels(self) -> torch.Tensor:
        """The pixels at even rows and columns: all that a dilated kernel of stride 2 reads."""
        return quarters(self.x)[0]

    @cached_property
    def dilated_form(self) -> torch.Tensor:
        """The same in the form in which a kernel of dilation 2 has dilation 1, see `phases`."""
        x = self.activated
        if self.stride == 2:
            x = x[:, :, ::2, ::2].contiguous(memory_format=torch.channels_last)
        return self._repeated(phases(x) if self.in_phases else x)

    def restored(self, y: torch.Tensor) -> torch.Tensor:
        """Return a result computed from `dilated_form` in the order of the map."""
        return merged(y) if self.in_phases else y

    def _repeated(self, x: torch.Tensor) -> torch.Tensor:
        return x if self.edges == 1 else torch.cat([x] * self.edges, dim=1)


class StackedOperation(nn.Module):
    """One kind of operation on all edges of a source, with stacked parameters."""

    def __init__(self, edges: int, channels: int, stride: int):
        super().__init__()
        self.edges = edges
        self.channels = channels
        self.stride = stride

    def forward(
        self, source: Source, scale: torch.Tensor | None = None, edge: int | None = None
    ) -> Maps:
        """Return the result of each edge e, n x c x h x w, multiplied by scale[e].

        Args:
            source: Made for the number of edges that are computed.
            scale: One factor for each edge.
            edge: Compute only this edge.
        """
        raise NotImplementedError

    def stacked(self, outputs: int, inputs: int, *kernel: int) -> nn.Parameter:
        """Return the convolution weights of all edges, each initialised as torch does."""
        bound = (inputs * kernel[0] * kernel[1]) ** -0.5
        weight = torch.empty(self.edges * outputs, inputs, *kernel)
        return nn.Parameter(weight.uniform_(-bound, bound))

    def weights_of(self, parameter: torch.Tensor, edge: int | None) -> torch.Tensor:
        """Return the weights of one edge, or of all for None."""
        return parameter if edge is None else parameter.chunk(self.edges)[edge]

    def scaled(self, x: torch.Tensor, scale: torch.Tensor | None, edges: int) -> Maps:
        """Return the batch-normalised results of edges, multiplied by the scale of each."""
        if scale is not None:
            scale = scale.repeat_interleave(x.shape[1] // edges)
        return list(normalised(x, scale).chunk(edges, dim=1))

    def at_once(
        self,
        maps: Maps,
        depthwise: torch.Tensor,
        pointwise: torch.Tensor,
        scale: torch.Tensor | None = None,
        dilation: int = 1,
    ) -> Maps:
        """Return ReLU, depthwise and 1x1 convolution, BN and scale of each edge's map."""
        edges = len(maps)
        pairs = zip(maps, depthwise.chunk(edges), pointwise.chunk(edges), strict=True)
        scales = [None] * edges if scale is None else scale.unbind()
        return [
            relu_conv_bn(x, wide, point, factor, None, dilation=dilation, eps=EPSILON).map
            for (x, wide, point), factor in zip(
                pairs,
                [None if scale is None else scale.repeat(self.channels) for scale in scales],
                strict=True,
            )
        ]


class Separable(StackedOperation):
    """(ReLU, depthwise k x k, 1x1, BN) twice; the first has the stride."""

    def __init__(self, edges: int, channels: int, stride: int, kernel: int):
        super().__init__(edges, channels, stride)
        self.depthwise = self.stacked(channels, 1, kernel, kernel)
        self.pointwise = self.stacked(channels, channels, 1, 1)
        self.depthwise_again = self.stacked(channels, 1, kernel, kernel)
        self.pointwise_again = self.stacked(channels, channels, 1, 1)

    def forward(
        self, source: Source, scale: torch.Tensor | None = None, edge: int | None = None
    ) -> Maps:
        groups = source.edges
        wide, point, wide_again, point_again = (
            self.weights_of(weight, edge)
            for weight in (
                self.depthwise,
                self.pointwise,
                self.depthwise_again,
                self.pointwise_again,
            )
        )
        supported = is_supported(source.x, wide, point[: self.channels])
        if supported and self.stride == 1:
            first = self.at_once([source.x] * groups, wide, point)
            return self.at_once(first, wide_again, point_again, scale)
        y = depthwise(source.repeated, wide, self.stride)
        y = normalised(functional.conv2d(y, point, groups=groups))
        if supported:
            return self.at_once(list(y.chunk(groups, dim=1)), wide_again, point_again, scale)
        y = depthwise(functional.relu_(y), wide_again)
        return self.scaled(functional.conv2d(y, point_again, groups=groups), scale, groups)


class Dilated(StackedOperation):
    """ReLU, depthwise k x k of dilation 2, 1x1, BN."""

    def __init__(self, edges: int, channels: int, stride: int, kernel: int):
        super().__init__(edges, channels, stride)
        self.depthwise = self.stacked(channels, 1, kernel, kernel)
        self.pointwise = self.stacked(channels, channels, 1, 1)

    def forward(
        self, source: Source, scale: torch.Tensor | None = None, edge: int | None = None
    ) -> Maps:
        weight, point = self.weights_of(self.depthwise, edge), self.weights_of(self.pointwise, edge)
        if is_supported(source.x, weight, point[: self.channels]):
            x = source.x if self.stride == 1 else source.even_pixels
            maps, dilation = [x] * source.edges, 2 if self.stride == 1 else 1
            return self.at_once(maps, weight, point, scale, dilation)
        x = source.dilated_form
        if source.dilation == 1:
            y = depthwise(x, weight)
        else:
            y = functional.conv2d(x, weight, None, 1, weight.shape[-1] - 1, 2, x.shape[1])
        y = functional.conv2d(y, point, groups=source.edges)
        return [source.restored(part) for part in self.scaled(y, scale, source.edges)]


class Dense(StackedOperation):
    """ReLU, k x k convolution, BN: a single convolution, because all edges read the same map."""

    def __init__(self, edges: int, channels: int, stride: int, kernel: int):
        super().__init__(edges, channels, stride)
        self.weight = self.stacked(channels, channels, kernel, kernel)

    def forward(
        self, source: Source, scale: torch.Tensor | None = None, edge: int | None = None
    ) -> Maps:
        weight = self.weights_of(self.weight, edge)
        if (padding := weight.shape[-1] // 2) == 0:
            y = pointwise_conv(source.activated, weight, self.stride)
            return self.scaled(y, scale, source.edges)
        y = functional.conv2d(source.activated, weight, None, self.stride, padding)
        return self.scaled(y, scale, source.edges)


class Factored(StackedOperation):
    """ReLU, 1x7 along the width, 7x1 along the height, BN."""

    def __init__(self, edges: int, channels: int, stride: int):
        super().__init__(edges, channels, stride)
        self.along_width = self.stacked(channels, channels, 1, 7)
        self.along_height = self.stacked(channels, channels, 7, 1)

    def forward(
        self, source: Source, scale: torch.Tensor | None = None, edge: int | None = None
    ) -> Maps:
        first, second = (
            self.weights_of(self.along_width, edge),
            self.weights_of(self.along_height, edge),
        )
        y = functional.conv2d(source.activated, first, None, (1, self.stride), (0, 3))
        y = functional.conv2d(y, second, None, (self.stride, 1), (3, 0), groups=source.edges)
        return self.scaled(y, scale, source.edges)


class Reduction(StackedOperation):
    """The skip connection at stride 2: the factorized reduction of DARTS, see `blocks`."""

    def __init__(self, edges: int, channels: int, stride: int):
        super().__init__(edges, channels, stride)
        self.even = self.stacked(channels // 2, channels, 1, 1)
        self.odd = self.stacked(channels - channels // 2, channels, 1, 1)

    def forward(
        self, source: Source, scale: torch.Tensor | None = None, edge: int | None = None
    ) -> Maps:
        parts = zip(quarters(source.x), (self.even, self.odd), strict=True)
        halves = [
            functional.conv2d(functional.relu(part), self.weights_of(weight, edge))
            for part, weight in parts
        ]
        # Reorder from (half, edge) to (edge, half), so that the channels of an edge are together.
        split = [half.permute(0, 2, 3, 1).unflatten(-1, (source.edges, -1)) for half in halves]
        y = torch.cat(split, dim=-1).flatten(-2).permute(0, 3, 1, 2)
        return self.scaled(y, scale, source.edges)


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
