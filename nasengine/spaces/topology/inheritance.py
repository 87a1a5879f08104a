"""How a topology's child takes over its parent's weights without changing the answer.

Channels come first: each channel of a child's node stands for one of the parent's, channel i
of a node the parent has for channel i modulo the parent's number. A doubled node holds every
filter twice, and whoever reads it shares each weight between the two copies, unevenly, so
that they can part in training. A node inserted into an edge is the identity (a delta kernel;
ReLU keeps what is not negative), a new branch or edge is read with weights of zero. Another
kernel keeps what is in the middle. After a deleted edge or breeding, what has no counterpart
stays as built.
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
MIN_SHARE = 0.3


class WeightTransfer:
    """One child's network beside its parent's weights; `taken` counts parameters.

    `_twins` holds, of each node that stands for one of the parent's, which of its channels each
    of its own stands for; `_shares` how much of its weights readers give each of them.
    """

    def __init__(self, network: TopologyNetwork, parent: Graph, weights: Weights):
        self.network, self.weights = network, weights
        self.taken = 0
        self._descent = Lineage(network.graph, parent, network.channels[SOURCE])
        self._twins: dict[int, torch.Tensor] = {}
        for number, count in self._descent.channels.items():
            twin = self._descent.twin(number)
            if twin is not None:
                self._twins[number] = torch.arange(count) % self._descent.channels_before[twin]
        self._shares = {number: _shares(twins) for number, twins in self._twins.items()}

    @torch.no_grad()
    def take_over(self) -> int:
        """Copies everything; how many parameters of the child come from the parent."""
        self._take_module("stem", self.network.stem)
        for number in self.network.graph.order:
            if number in self._descent.passes_on:
                self._make_identity(number)
            elif number in self._descent.parent.nodes:
                self._take_node(number)
        self._take_spans(SINK, self.network.classifier.weight, "classifier.weight")
        self._take(self.network.classifier.bias, self.weights.get("classifier.bias"))
        if self.network.auxiliary is not None:
            self._take_module("auxiliary", self.network.auxiliary)
        return self.taken

    def _take_module(self, name: str, module: nn.Module) -> None:
        """What is outside of the graph, as it is."""
        learned = {key for key, _ in module.named_parameters()}
        for key, tensor in module.state_dict().items():
            self._take(tensor, self.weights.get(f"{name}.{key}"), counted=key in learned)

    def _take_node(self, number: int) -> None:
        """A node that the parent has: filters of its channels, and how it reads each input."""
        node, twins = self._node(number), self._twins[number]
        prefix = f"nodes.{number}"
        convolution, name = node.convolution.weight, f"{prefix}.convolution.weight"
        if str(number) in self.network.sums:
            self._take_projections(number)
            given = self.weights.get(name)
            if given is not None:
                self._take_columns(convolution, given[twins][:, twins], self._shares[number])
        else:
            self._take_spans(number, convolution, name, twins)
        for key, tensor in node.norm.state_dict().items():
            given = self.weights.get(f"{prefix}.norm.{key}")
            rows = given if given is None or given.dim() == 0 else given[twins]
            self._take(tensor, rows, counted=key in ("weight", "bias"))

    def _take_projections(self, number: int) -> None:
        """How a sum reads each of its inputs: a weight tensor for each."""
        for one in self.network.graph.inputs(number):
            origin = self._descent.origin(number, one)
            given = self.weights.get(f"sums.{number}.projections.{origin}.weight")
            rows = None if given is None else given[self._twins[number]]
            self._take_input(one, self._projection(number, one), rows)

    def _take_spans(
        self, number: int, tensor: torch.Tensor, name: str, rows: torch.Tensor | None = None
    ) -> None:
        """How a node, or the sink, reads inputs side by side: columns of one weight tensor."""
        given = self.weights.get(name)
        if given is None:
            return
        given = given if rows is None else given[rows]
        descent = self._descent
        theirs = _spans(descent.parent.inputs(number), descent.channels_before)
        for one, span in _spans(descent.child.inputs(number), descent.channels).items():
            origin = descent.origin(number, one)
            part = None if origin is None else given[:, theirs[origin]]
            self._take_input(one, tensor[:, span], part)

    def _take_input(self, one: int, tensor: torch.Tensor, given: torch.Tensor | None) -> None:
        """The weights for one input, from those for whom it stands for; zero for a new edge."""
        if given is None:
            tensor.zero_()
            return
        self._take_columns(tensor, given[:, self._twins[one]], self._shares[one])

    def _take_columns(self, tensor: torch.Tensor, given: torch.Tensor, share: torch.Tensor) -> None:
        """Weights whose columns are in place already, each times its share."""
        tensor.copy_(_of_side(given * share.view(1, -1, *[1] * (given.dim() - 2)), tensor))
        self.taken += min(tensor.numel(), given.numel())

    def _make_identity(self, number: int) -> None:
        """A node that repeats one of its inputs and does not hear the others."""
        node, before = self._node(number), self._descent.passes_on[number]
        node.convolution.weight.zero_()
        if str(number) in self.network.sums:
            for one in self.network.graph.inputs(number):
                self._projection(number, one).zero_()
            self._repeat(self._projection(number, before), number, before)
            self._repeat(node.convolution.weight, number, number)
        else:
            spans = _spans(self.network.graph.inputs(number), self._descent.channels)
            self._repeat(node.convolution.weight[:, spans[before]], number, before)
        node.norm.running_mean.zero_()  # type: ignore[union-attr]
        node.norm.running_var.fill_(1 - node.norm.eps)  # type: ignore[union-attr]
        nn.init.ones_(node.norm.weight)
        nn.init.zeros_(node.norm.bias)

    def _repeat(self, weight: torch.Tensor, number: int, before: int) -> None:
        """Each channel as the sum of the shares of those that stand for the same."""
        same = self._twins[number].view(-1, 1) == self._twins[before]
        weight[:, :, weight.shape[2] // 2, weight.shape[3] // 2] = same * self._shares[before]

    def _node(self, number: int) -> TopologyNode:
        node = self.network.nodes[str(number)]
        assert isinstance(node, TopologyNode)  # nothing else stands in there
        return node

    def _projection(self, number: int, one: int) -> torch.Tensor:
        return self.network.sums[str(number)].get_parameter(f"projections.{one}.weight")

    def _take(self, tensor: torch.Tensor, given: torch.Tensor | None, counted: bool = True) -> None:
        if given is not None and given.shape == tensor.shape:
            tensor.copy_(given)
            if counted:
                self.taken += tensor.numel()


def _shares(twins: torch.Tensor) -> torch.Tensor:
    """Of each channel, the share of its twin's weights: 1 between all that stand for the same."""
    raw = MIN_SHARE + torch.rand(len(twins))
    whole = torch.zeros(int(twins.max()) + 1).index_add_(0, twins, raw)
    return raw / whole[twins]


def _spans(inputs: list[int], channels: Mapping[int, int]) -> dict[int, slice]:
    """Where each input stands among the channels of all of them, side by side."""
    spans, start = {}, 0
    for one in inputs:
        spans[one] = slice(start, start + channels[one])
        start = spans[one].stop
    return spans


def _of_side(given: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """A kernel in another side: its middle, or zeros around it."""
    if given.dim() < 4 or given.shape[2] == like.shape[2]:
        return given
    margin = (like.shape[2] - given.shape[2]) // 2
    return functional.pad(given, [margin] * 4)
