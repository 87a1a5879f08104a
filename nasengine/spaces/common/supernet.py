"""The genome of a supernet, {"shared": true}, its rules and its drawing.

{"shared": true, "partial": K} sends one in K channels through the operations and gives every
edge a weight of its own: PC-DARTS (1907.05737).
"""

from __future__ import annotations

from typing import Any

from ...core.errors import EngineError, InvalidArchitecture
from ...core.text import shorten
from .operations import edge

MAX_PARTIAL = 64


def supernet_genome(partial: int = 1) -> dict[str, Any]:
    """Return the genome of a supernet that mixes one in `partial` channels."""
    return {"shared": True} if partial == 1 else {"shared": True, "partial": partial}


def is_supernet(genome: Any) -> bool:
    """Whether a genome is meant as a supernet's; it may still be invalid."""
    return isinstance(genome, dict) and "shared" in genome


def channel_divisor(genome: dict[str, Any]) -> int:
    """Return K if one in K channels goes through the operations; 1 means all of them."""
    return int(genome.get("partial", 1))


def check_supernet(genome: dict[str, Any], channels: int) -> None:
    """Check the genome of a supernet whose first cells have `channels` channels.

    Raises:
        InvalidArchitecture: names the first broken rule and the value.
    """
    if set(genome) - {"shared", "partial"} or genome["shared"] is not True:
        raise InvalidArchitecture(
            f'the genome is {shorten(genome)}: the genome of a supernet must be {{"shared": true}}'
            ', with "partial" for partial channels'
        )
    partial = genome.get("partial", 2)
    if type(partial) is not int or not 2 <= partial <= MAX_PARTIAL:
        raise InvalidArchitecture(
            f"partial is {shorten(partial)}: it must be a whole number from 2 to {MAX_PARTIAL}; "
            "leave it out to mix all channels"
        )
    if "partial" in genome and (channels % partial or channels // partial < 2):
        raise InvalidArchitecture(
            f"partial is {partial} with {channels} channels: it must divide the channels into "
            "parts of at least two"
        )


def check_full_supernet(genome: dict[str, Any]) -> None:
    """Check the genome of a supernet in a space without partial channels.

    Raises:
        InvalidArchitecture: the genome is not {"shared": true}.
    """
    if set(genome) != {"shared"} or genome["shared"] is not True:
        raise InvalidArchitecture(
            f"the genome is {shorten(genome)}: the genome of a supernet must be "
            '{"shared": true} in this space'
        )


def add_auxiliary(network: Any, input_shape: tuple[int, ...], classes: int) -> None:
    """Add an auxiliary head to the network of a supernet.

    Raises:
        EngineError: the supernet has no place for one, as for text.
    """
    if not hasattr(network, "add_auxiliary"):
        raise EngineError(
            "auxiliary is true, but this supernet has no auxiliary head: set it to false"
        )
    network.add_auxiliary(input_shape, classes)


def supernet_text(genome: dict[str, Any]) -> str:
    """Return a supernet as one line."""
    partial = channel_divisor(genome)
    return "supernet" + (f", one in {partial} channels mixed" if partial > 1 else "")


def relaxed_edges(ends: list[tuple[str, str]], operations: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return the drawn edges between (source, target) pairs, one for each operation."""
    return [edge(source, target, op) for source, target in ends for op in operations]
