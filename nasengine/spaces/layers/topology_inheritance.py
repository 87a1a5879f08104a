"""How a topology's child takes over its parent's weights without changing the answer.

Channels come first: channel i of a child's node stands for channel i modulo the parent's
number. A doubled node holds every filter twice, and whoever reads it shares each weight
between the two copies, unevenly, so that they can part in training. An inserted node is the
identity (a delta kernel; ReLU keeps what is not negative), a new branch or edge is read with
weights of zero. After a deleted edge or breeding, what has no counterpart stays as built.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn

from ..topology_graph import SINK, SOURCE, Graph
from .topology_network import TopologyNetwork, TopologyNode

Weights = Mapping[str, torch.Tensor]
LEAST_SHARE = 0.3


class Heir:
    """One child's network beside its parent's weights; `taken` counts parameters."""

    def __init__(self, network: TopologyNetwork, parent: Graph, weights: Weights, stem: int):
        self.network = network
        self.child, self.parent = network.graph, parent
        self.weights = weights
        self.taken = 0
        self.channels = [
            {SOURCE: stem} | {number: node.channels for number, node in graph.nodes.items()}
            for graph in (self.child, parent)
        ]
        self.inserted = {n: self._behind(n) for n in self.child.nodes if self._is_inserted(n)}
        self.shares = {n: self._shares(n) for n in self.child.nodes if n in parent.nodes}

    @torch.no_grad()
    def take_over(self) -> int:
        """Copies everything; how many parameters of the child come from the parent."""
        learned = {name for name, _ in self.network.stem.named_parameters()}
        for name, tensor in self.network.stem.state_dict().items():
            self._copy(tensor, self.weights.get(f"stem.{name}"), counted=name in learned)
        for number in self.child.order:
            node = self.network.nodes[str(number)]
            assert isinstance(node, TopologyNode)  # nothing else stands in there
            if number in self.inserted and self._stands_in(number):
                self._make_identity(node)
            elif number in self.parent.nodes:
                self._take_node(number, node)
        self._take_reader(SINK, self.network.classifier.weight, "classifier.weight")
        self._copy(self.network.classifier.bias, self.weights.get("classifier.bias"))
        return self.taken

    def _is_inserted(self, number: int) -> bool:
        """A new node that reads one other, of as many channels, and halves nothing."""
        if number == SOURCE or number in self.parent.nodes:
            return False
        node, inputs = self.child.nodes[number], self.child.inputs(number)
        return len(inputs) == 1 and not node.pool and node.channels == self.channels[0][inputs[0]]

    def _behind(self, number: int) -> int:
        """Whom a new node passes on: the first before it that is no such node itself."""
        before = self.child.inputs(number)[0]
        return self._behind(before) if self._is_inserted(before) else before

    def _stands_in(self, number: int) -> bool:
        """Whether somebody reads the new node instead of whom it passes on: a branch it is not."""
        behind = self.inserted[number]
        for reader in self.child.outputs(number):
            if reader in self.inserted:
                if self._stands_in(reader):
                    return True
            elif behind in self.parent.inputs(reader) and behind not in self.child.inputs(reader):
                return True
        return False

    def _shares(self, number: int) -> torch.Tensor:
        """Of each channel of a node, the share of its original's weights that readers give it."""
        mine, theirs = (side[number] for side in self.channels)
        if mine <= theirs or mine % theirs:
            return torch.ones(mine)
        raw = LEAST_SHARE + torch.rand(mine // theirs, theirs)
        return (raw / raw.sum(dim=0)).flatten()

    def _take_node(self, number: int, node: TopologyNode) -> None:
        prefix = f"nodes.{number}"
        rows = self._places(number, self.channels[0][number])
        own = self.weights.get(f"{prefix}.convolution.weight")
        if own is None or own.shape[2:] != node.convolution.weight.shape[2:]:
            return
        self._take_reader(number, node.convolution.weight, f"{prefix}.convolution.weight", rows)
        for name, tensor in node.norm.state_dict().items():
            given = self.weights.get(f"{prefix}.norm.{name}")
            if given is not None:
                self._copy(tensor, given if given.dim() == 0 else given[rows], counted=False)
        self.taken += node.norm.weight.numel() + node.norm.bias.numel()

    def _take_reader(
        self, number: int, tensor: torch.Tensor, name: str, rows: torch.Tensor | None = None
    ) -> None:
        """The weights with which a node (or the sink) reads each of its inputs."""
        given = self.weights.get(name)
        if given is None:
            return
        theirs = self._spans(self.parent, number, 1)
        for one, span in self._spans(self.child, number, 0).items():
            origin = self._origin(one, number, theirs)
            if origin is None:
                tensor[:, span] = 0.0  # a new edge says nothing yet
                continue
            columns = self._places(origin, span.stop - span.start)
            part = given[:, theirs[origin]][:, columns]
            part = part if rows is None else part[rows]
            share = self.shares.get(origin) if one == origin else None
            if share is not None and len(share) == part.shape[1]:
                part = part * share.to(part).view(1, -1, *[1] * (part.dim() - 2))
            tensor[:, span] = part
            self.taken += part.numel()

    def _origin(self, one: int, number: int, theirs: Mapping[int, slice]) -> int | None:
        """Whose place in the parent's node an input of the child's node takes."""
        if one in theirs:
            return one
        behind = self.inserted.get(one)
        if behind in theirs and behind not in self.child.inputs(number):
            return behind
        return None

    def _spans(self, graph: Graph, number: int, side: int) -> dict[int, slice]:
        """Where each input of a node stands among its concatenated channels."""
        spans, start = {}, 0
        for one in graph.inputs(number):
            spans[one] = slice(start, start + self.channels[side][one])
            start = spans[one].stop
        return spans

    def _places(self, number: int, count: int) -> torch.Tensor:
        """The parent's channel behind each of a child's channels."""
        return torch.arange(count) % self.channels[1][number]

    def _make_identity(self, node: TopologyNode) -> None:
        nn.init.dirac_(node.convolution.weight)
        node.norm.running_mean.zero_()  # type: ignore[union-attr]
        node.norm.running_var.fill_(1 - node.norm.eps)  # type: ignore[union-attr]
        nn.init.ones_(node.norm.weight)
        nn.init.zeros_(node.norm.bias)

    def _copy(self, tensor: torch.Tensor, given: torch.Tensor | None, counted: bool = True) -> None:
        if given is not None and given.shape == tensor.shape:
            tensor.copy_(given)
            if counted:
                self.taken += tensor.numel()
