"""Copies a parent's weights into a child of space `topology` without changing the output.

Channel i of a child's node corresponds to channel i modulo the number of the parent's channels.
A doubled node contains each filter twice, and its readers split each weight between the two
copies, unevenly, so that the copies can diverge in training. A node inserted into an edge is the
identity (a delta kernel; ReLU keeps non-negative values). A new branch or edge is read with
weights of zero. A kernel of another size keeps its middle. After a deleted edge or after
breeding, parts without a counterpart keep their fresh weights.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn
from torch.nn import functional

from .graph import SINK, SOURCE, Graph
from .lineage import Lineage
from .network import TopologyNetwork, TopologyNode

Weights = Mapping[str, torch.Tensor]
MIN_RAW_SHARE = 0.3  # keeps the share of each copy away from zero


class WeightTransfer:
    """Copies weights into one child's network; `copied` counts its parameters.

    For each node with a counterpart in the parent, `_twins` holds the parent's channel of each
    of its channels, and `_shares` the fraction of the weights that its readers give to each.

    Args:
        network: The child's network, changed in place.
        parent: Graph of the parent.
        weights: State_dict of the parent's network.
    """

    def __init__(self, network: TopologyNetwork, parent: Graph, weights: Weights):
        self.network, self.weights = network, weights
        self.copied = 0
        self._lineage = Lineage(network.graph, parent, network.channels[SOURCE])
        self._twins: dict[int, torch.Tensor] = {}
        for number, count in self._lineage.channels.items():
            twin = self._lineage.twin(number)
            if twin is not None:
                self._twins[number] = torch.arange(count) % self._lineage.parent_channels[twin]
        self._shares = {number: _shares(twins) for number, twins in self._twins.items()}

    @torch.no_grad()
    def run(self) -> int:
        """Copy everything; return the number of the child's parameters that were copied."""
        self._copy_module("stem", self.network.stem)
        for number in self.network.graph.order:
            if number in self._lineage.repeats:
                self._make_identity(number)
            elif number in self._lineage.parent.nodes:
                self._copy_node(number)
        self._copy_spans(SINK, self.network.classifier.weight, "classifier.weight")
        self._copy(self.network.classifier.bias, self.weights.get("classifier.bias"))
        if self.network.auxiliary is not None:
            self._copy_module("auxiliary", self.network.auxiliary)
        return self.copied

    def _copy_module(self, name: str, module: nn.Module) -> None:
        """Copy a module outside the graph unchanged."""
        learned = {key for key, _ in module.named_parameters()}
        for key, tensor in module.state_dict().items():
            self._copy(tensor, self.weights.get(f"{name}.{key}"), counted=key in learned)

    def _copy_node(self, number: int) -> None:
        """Copy a node that the parent has: its filters, and its weights for each input."""
        node, twins = self._node(number), self._twins[number]
        prefix = f"nodes.{number}"
        convolution, name = node.convolution.weight, f"{prefix}.convolution.weight"
        if str(number) in self.network.sums:
            self._copy_projections(number)
            weight = self.weights.get(name)
            if weight is not None:
                self._copy_columns(convolution, weight[twins][:, twins], self._shares[number])
        else:
            self._copy_spans(number, convolution, name, twins)
        for key, tensor in node.norm.state_dict().items():
            weight = self.weights.get(f"{prefix}.norm.{key}")
            rows = weight if weight is None or weight.dim() == 0 else weight[twins]
            self._copy(tensor, rows, counted=key in ("weight", "bias"))

    def _copy_projections(self, number: int) -> None:
        """Copy the 1x1 convolution of each input of a sum."""
        for source in self.network.graph.inputs(number):
            origin = self._lineage.origin(number, source)
            weight = self.weights.get(f"sums.{number}.projections.{origin}.weight")
            rows = None if weight is None else weight[self._twins[number]]
            self._copy_input(source, self._projection(number, source), rows)

    def _copy_spans(
        self, number: int, tensor: torch.Tensor, name: str, rows: torch.Tensor | None = None
    ) -> None:
        """Copy the columns of one weight tensor that read the concatenated inputs of a node."""
        weight = self.weights.get(name)
        if weight is None:
            return
        weight = weight if rows is None else weight[rows]
        lineage = self._lineage
        parent_spans = _spans(lineage.parent.inputs(number), lineage.parent_channels)
        for source, span in _spans(lineage.child.inputs(number), lineage.channels).items():
            origin = lineage.origin(number, source)
            part = None if origin is None else weight[:, parent_spans[origin]]
            self._copy_input(source, tensor[:, span], part)

    def _copy_input(self, source: int, tensor: torch.Tensor, weight: torch.Tensor | None) -> None:
        """Copy the weights for one input from its counterpart; zero for a new edge."""
        if weight is None:
            tensor.zero_()
            return
        self._copy_columns(tensor, weight[:, self._twins[source]], self._shares[source])

    def _copy_columns(
        self, tensor: torch.Tensor, weight: torch.Tensor, share: torch.Tensor
    ) -> None:
        """Copy weights with columns in the child's order, each times its share."""
        scaled = weight * share.view(1, -1, *[1] * (weight.dim() - 2))
        tensor.copy_(_with_kernel_of(scaled, tensor))
        self.copied += min(tensor.numel(), weight.numel())

    def _make_identity(self, number: int) -> None:
        """Make a node repeat one of its inputs and ignore the others."""
        node, before = self._node(number), self._lineage.repeats[number]
        node.convolution.weight.zero_()
        if str(number) in self.network.sums:
            for source in self.network.graph.inputs(number):
                self._projection(number, source).zero_()
            self._repeat(self._projection(number, before), number, before)
            self._repeat(node.convolution.weight, number, number)
        else:
            spans = _spans(self.network.graph.inputs(number), self._lineage.channels)
            self._repeat(node.convolution.weight[:, spans[before]], number, before)
        node.norm.running_mean.zero_()  # type: ignore[union-attr]
        node.norm.running_var.fill_(1 - node.norm.eps)  # type: ignore[union-attr]
        nn.init.ones_(node.norm.weight)
        nn.init.zeros_(node.norm.bias)

    def _repeat(self, weight: torch.Tensor, number: int, before: int) -> None:
        """Set the kernel middle so that each channel is the sum of its copies' shares."""
        same = self._twins[number].view(-1, 1) == self._twins[before]
        weight[:, :, weight.shape[2] // 2, weight.shape[3] // 2] = same * self._shares[before]

    def _node(self, number: int) -> TopologyNode:
        node = self.network.nodes[str(number)]
        assert isinstance(node, TopologyNode)  # for the type checker
        return node

    def _projection(self, number: int, source: int) -> torch.Tensor:
        return self.network.sums[str(number)].get_parameter(f"projections.{source}.weight")

    def _copy(
        self, tensor: torch.Tensor, weight: torch.Tensor | None, counted: bool = True
    ) -> None:
        if weight is not None and weight.shape == tensor.shape:
            tensor.copy_(weight)
            if counted:
                self.copied += tensor.numel()


def _shares(twins: torch.Tensor) -> torch.Tensor:
    """Return random shares of the channels; copies of the same channel add up to 1."""
    raw = MIN_RAW_SHARE + torch.rand(len(twins))
    whole = torch.zeros(int(twins.max()) + 1).index_add_(0, twins, raw)
    return raw / whole[twins]


def _spans(inputs: list[int], channels: Mapping[int, int]) -> dict[int, slice]:
    """Return the span of each input in the concatenation of all inputs."""
    spans, start = {}, 0
    for source in inputs:
        spans[source] = slice(start, start + channels[source])
        start = spans[source].stop
    return spans


def _with_kernel_of(weight: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """Cut a kernel to the size of `like`, or pad it with zeros."""
    if weight.dim() < 4 or weight.shape[2] == like.shape[2]:
        return weight
    margin = (like.shape[2] - weight.shape[2]) // 2  # negative margins cut
    return functional.pad(weight, [margin] * 4)
