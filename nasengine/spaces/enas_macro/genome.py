"""The genome of space `enas-macro`: its form, its rules, its decisions.

{"layers": [{"op": name, "skips": [value ...]} ...]}. Values are numbered: 0 is the output of the
stem, 1 and up are the outputs of the layers. Layer i reads value i - 1; its skips are earlier
values, ascending.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from ...core.decision import Decision
from ...core.errors import InvalidArchitecture
from ...core.text import shorten

Layers = list[dict[str, Any]]


def check(genome: Any, layers: int, operations: tuple[str, ...]) -> None:
    """Check that a JSON value is a genome with this number of layers.

    Raises:
        InvalidArchitecture: names the first broken rule, the place and the value.
    """
    if not isinstance(genome, dict) or set(genome) != {"layers"}:
        raise InvalidArchitecture(
            f"the genome is {shorten(genome)}: it must be an object with layers"
        )
    if not isinstance(genome["layers"], list) or len(genome["layers"]) != layers:
        raise InvalidArchitecture(
            f"the layers are {shorten(genome['layers'])}: they must be a list of {layers}, as the "
            "space's settings require"
        )
    for number, layer in enumerate(genome["layers"], start=1):
        _check_layer(number, layer, operations)


def _check_layer(number: int, layer: Any, operations: tuple[str, ...]) -> None:
    if not isinstance(layer, dict) or set(layer) != {"op", "skips"}:
        raise InvalidArchitecture(
            f"layer {number} is {shorten(layer)}: it must be an object with op and skips"
        )
    op, skips = layer["op"], layer["skips"]
    if not isinstance(op, str) or op not in operations:
        options = ", ".join(operations)
        raise InvalidArchitecture(
            f"layer {number} has the op {shorten(op)}: choose one of {options}"
        )
    fits = isinstance(skips, list) and all(
        type(value) is int and 0 <= value <= number - 2 for value in skips
    )
    if not fits or sorted(set(skips)) != skips:
        rule = f"must list values from 0 to {number - 2}, ascending, each once"
        if number == 1:
            rule = "must be an empty list"
        raise InvalidArchitecture(f"the skips of layer {number} are {shorten(skips)}: they {rule}")


@lru_cache(maxsize=32)
def decisions(layers: int, operations: tuple[str, ...]) -> tuple[Decision, ...]:
    """Return, for each layer, its operation and one skip decision for each earlier value."""
    decided = []
    for number in range(1, layers + 1):
        decided.append(Decision(f"layer {number} op", operations, "op", number - 1))
        decided += [
            # Value v is the output of block v - 1; the stem is outside the blocks.
            Decision(f"layer {number} skip from {v}", ("no", "yes"), "skip", number - 1, (v - 1,))
            for v in range(number - 1)
        ]
    return tuple(decided)


def choices(layers: Layers, operations: tuple[str, ...]) -> tuple[int, ...]:
    """Return the option indices of layers."""
    indices: list[int] = []
    for number, layer in enumerate(layers, start=1):
        indices.append(operations.index(layer["op"]))
        indices += [int(value in layer["skips"]) for value in range(number - 1)]
    return tuple(indices)


def from_choices(choices: Sequence[int], layers: int, operations: tuple[str, ...]) -> Layers:
    """Return the layers of option indices."""
    decoded = []
    start = 0
    for number in range(1, layers + 1):
        bits = choices[start + 1 : start + number]
        skips = [value for value, bit in enumerate(bits) if bit]
        decoded.append({"op": operations[choices[start]], "skips": skips})
        start += number
    return decoded


def with_other_skips(layers: Layers) -> Iterator[Layers]:
    """Yield the layers with one skip added or removed, for every possible skip."""
    for number, layer in enumerate(layers, start=1):
        for value in range(number - 1):
            skips = sorted(set(layer["skips"]) ^ {value})
            yield replaced(layers, number, {**layer, "skips": skips})


def with_other_ops(layers: Layers, operations: tuple[str, ...]) -> Iterator[Layers]:
    """Yield the layers with another operation in one layer, for every layer and operation."""
    for number, layer in enumerate(layers, start=1):
        for op in operations:
            if op != layer["op"]:
                yield replaced(layers, number, {**layer, "op": op})


def replaced(layers: Layers, number: int, layer: dict[str, Any]) -> Layers:
    """Return a copy with layer `number`, counted from 1, replaced."""
    return [*layers[: number - 1], layer, *layers[number:]]


def stage(number: int, reductions: Sequence[int]) -> int:
    """Return the number of halvings before a layer; 0 for the stem."""
    return sum(number > after for after in reductions)


def reduced(layers: Layers, reductions: Sequence[int]) -> list[tuple[int, int]]:
    """Return (value, n) for each value that is read after the n-th halving and must be halved."""
    last = {number - 1: stage(number, reductions) for number in range(1, len(layers) + 1)}
    for number, layer in enumerate(layers, start=1):
        for value in layer["skips"]:
            last[value] = max(last[value], stage(number, reductions))
    return [
        (value, n)
        for value, until in last.items()
        for n in range(stage(value, reductions) + 1, until + 1)
    ]
