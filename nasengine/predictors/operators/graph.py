"""The operators of one forward pass, with their arithmetic and their memory traffic."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

# Convolutions by what decides their speed, then everything without a large matrix product.
KINDS = (
    "conv",
    "conv-1x1",
    "conv-grouped",
    "conv-depthwise",
    "linear",
    "pool",
    "norm",
    "activation",
    "elementwise",
    "reduce",
    "copy",
)


@dataclass(frozen=True)
class Operator:
    """One operator.

    Attributes:
        kind: One of `KINDS`.
        macs: Multiply-accumulates, 0 for operators without a matrix product.
        operations: Arithmetic operations; a multiply-accumulate is two.
        weight_bytes: Bytes of the weights it reads.
        inputs: Numbers of the tensors it reads, without weights.
        output: Number of the tensor it writes; equal to an input if it works in place.
    """

    kind: str
    macs: int
    operations: int
    weight_bytes: int
    inputs: tuple[int, ...]
    output: int


@dataclass(frozen=True)
class NetworkGraph:
    """The operators of one forward pass in the order in which they run.

    Attributes:
        operators: The operators.
        tensor_bytes: Size of each tensor by its number; a view has its base's number.
        input: Number of the network's input.
        output: Number of the network's output.
        weight_bytes: Bytes of all weights and buffers.
        batch: Images or words of the pass.
    """

    operators: tuple[Operator, ...]
    tensor_bytes: dict[int, int]
    input: int
    output: int
    weight_bytes: int
    batch: int

    def traffic_bytes(self, operator: Operator) -> int:
        """Return the bytes that an operator reads and writes, weights included."""
        read = sum(self.tensor_bytes[number] for number in operator.inputs)
        return read + operator.weight_bytes + self.tensor_bytes[operator.output]

    def peak_live_bytes(self) -> int:
        """Return the largest size of the tensors that are alive at the same time, without weights.

        A tensor lives from the operator that writes it to the last operator that reads it.
        """
        last_use = {self.input: -1, self.output: len(self.operators)}
        for step, operator in enumerate(self.operators):
            for number in (*operator.inputs, operator.output):
                last_use[number] = max(step, last_use.get(number, step))
        last_use[self.output] = len(self.operators)
        live = {self.input}
        peak = self.tensor_bytes[self.input]
        for step, operator in enumerate(self.operators):
            live.add(operator.output)
            peak = max(peak, sum(self.tensor_bytes[number] for number in live))
            live = {number for number in live if last_use[number] > step}
        return peak

    def needed(self) -> NetworkGraph:
        """Return the graph without operators that the output does not depend on."""
        wanted = {self.output}
        kept: list[Operator] = []
        for operator in reversed(self.operators):
            if operator.output in wanted:
                kept.append(operator)
                wanted.update(operator.inputs)
        return replace(self, operators=tuple(reversed(kept)))

    def fused(self) -> NetworkGraph:
        """Return the graph as inference runtimes run it.

        Operators that the output does not depend on are left out. A batch normalisation after a
        convolution is folded into its weights, and an activation is computed where its input is
        produced. Both only if nothing else reads the tensor between the two.
        """
        operators = self.needed().operators
        readers = Counter(number for operator in operators for number in set(operator.inputs))
        kept: list[Operator] = []
        writer: dict[int, int] = {}  # tensor -> position in `kept` of the operator that writes it
        for operator in operators:
            source = operator.inputs[0] if len(operator.inputs) == 1 else None
            producer = writer.get(source) if source is not None else None
            in_place = operator.output == source
            single = source is not None and (readers[source] == 1 or in_place)
            if producer is not None and single and _folds(operator, kept[producer]):
                kept[producer] = replace(kept[producer], output=operator.output)
                writer[operator.output] = producer
                continue
            writer[operator.output] = len(kept)
            kept.append(operator)
        return replace(self, operators=tuple(kept))

    def counts(self) -> Counter[str]:
        """Return the number of operators of each kind."""
        return Counter(operator.kind for operator in self.operators)


def _folds(operator: Operator, producer: Operator) -> bool:
    """Return whether `operator` costs nothing of its own after `producer`."""
    convolution = producer.kind.startswith("conv")
    if operator.kind == "norm":
        return convolution
    return operator.kind == "activation" and (
        convolution or producer.kind in ("linear", "norm", "elementwise")
    )
