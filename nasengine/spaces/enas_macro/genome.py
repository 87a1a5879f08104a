"""The genome of space `enas-macro`: its form, its rules, its choices.

{"layers": [{"op": name, "skips": [value ...]} ...]}. Values are numbered: 0 is the stem, 1 and up
the layers in order. Layer i reads value i - 1; its skips are earlier values, ascending.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from ...core.decision import Decision
from ...core.errors import InvalidArchitecture
from ..common.membership import shown

Layers = list[dict[str, Any]]


def check(genome: Any, layers: int, operations: tuple[str, ...]) -> None:
    """Holds any JSON value against the rules.

    Raises:
        InvalidArchitecture: the first broken rule, with the place and the value.
    """
    if not isinstance(genome, dict) or set(genome) != {"layers"}:
        raise InvalidArchitecture(f"the genome is {shown(genome)}: it must be an object of layers")
    if not isinstance(genome["layers"], list) or len(genome["layers"]) != layers:
        raise InvalidArchitecture(
            f"the layers are {shown(genome['layers'])}: they must be a list of {layers}, as the "
            "space's settings say"
        )
    for number, layer in enumerate(genome["layers"], start=1):
        _check_layer(number, layer, operations)


def _check_layer(number: int, layer: Any, operations: tuple[str, ...]) -> None:
    if not isinstance(layer, dict) or set(layer) != {"op", "skips"}:
        raise InvalidArchitecture(
            f"layer {number} is {shown(layer)}: it must be an object with op and skips"
        )
    op, skips = layer["op"], layer["skips"]
    if not isinstance(op, str) or op not in operations:
        known = ", ".join(operations)
        raise InvalidArchitecture(f"layer {number} has the op {shown(op)}: choose one of {known}")
    fits = isinstance(skips, list) and all(
        type(value) is int and 0 <= value <= number - 2 for value in skips
    )
    if not fits or sorted(set(skips)) != skips:
        rule = f"values from 0 to {number - 2}" if number > 1 else "nothing"
        raise InvalidArchitecture(
            f"the skips of layer {number} are {shown(skips)}: list {rule}, ascending and once each"
        )


@lru_cache(maxsize=32)
def decisions(layers: int, operations: tuple[str, ...]) -> tuple[Decision, ...]:
    """For each layer its operation, then whether it reads each value but the one before it."""
    found = []
    for number in range(1, layers + 1):
        found.append(Decision(f"layer {number} op", operations, "op", number - 1))
        found += [
            # Value v is what block v - 1 gives; the stem comes from outside.
            Decision(f"layer {number} skip from {v}", ("no", "yes"), "skip", number - 1, (v - 1,))
            for v in range(number - 1)
        ]
    return tuple(found)


def choices(layers: Layers, operations: tuple[str, ...]) -> tuple[int, ...]:
    """The sequence of options that layers are written as."""
    found: list[int] = []
    for number, layer in enumerate(layers, start=1):
        found.append(operations.index(layer["op"]))
        found += [int(value in layer["skips"]) for value in range(number - 1)]
    return tuple(found)


def chosen(choices: Sequence[int], layers: int, operations: tuple[str, ...]) -> Layers:
    """The layers of a sequence."""
    found = []
    place = 0
    for number in range(1, layers + 1):
        bits = choices[place + 1 : place + number]
        skips = [value for value, taken in enumerate(bits) if taken]
        found.append({"op": operations[choices[place]], "skips": skips})
        place += number
    return found


def flipped(layers: Layers) -> Iterator[Layers]:
    """With one skip more or less, for every possible one."""
    for number, layer in enumerate(layers, start=1):
        for value in range(number - 1):
            skips = sorted(set(layer["skips"]) ^ {value})
            yield replaced(layers, number, {**layer, "skips": skips})


def renamed(layers: Layers, operations: tuple[str, ...]) -> Iterator[Layers]:
    """With another operation in one layer, for every possible one."""
    for number, layer in enumerate(layers, start=1):
        for op in operations:
            if op != layer["op"]:
                yield replaced(layers, number, {**layer, "op": op})


def replaced(layers: Layers, number: int, layer: dict[str, Any]) -> Layers:
    """A copy in which one layer, counted from 1, is another."""
    return [*layers[: number - 1], layer, *layers[number:]]


def stage(number: int, reductions: Sequence[int]) -> int:
    """How often the map has been halved where a layer computes; 0 for the stem."""
    return sum(number > after for after in reductions)


def reduced(layers: Layers, reductions: Sequence[int]) -> list[tuple[int, int]]:
    """(value, n) wherever the n-th halving must halve a value because it is read behind it."""
    last = {number - 1: stage(number, reductions) for number in range(1, len(layers) + 1)}
    for number, layer in enumerate(layers, start=1):
        for value in layer["skips"]:
            last[value] = max(last[value], stage(number, reductions))
    return [
        (value, n)
        for value, until in last.items()
        for n in range(stage(value, reductions) + 1, until + 1)
    ]
