"""The genome of a shared network, {"shared": true}, and its drawing.

With {"shared": true, "partial": K} one in K channels goes through the operations and every
edge has a weight of its own: PC-DARTS (1907.05737).
"""

from __future__ import annotations

from typing import Any

from ...core.errors import EngineError, InvalidArchitecture
from .membership import shown
from .operations import edge

MAX_PARTIAL = 64


def supernet_genome(partial: int = 1) -> dict[str, Any]:
    """The genome of a shared network that mixes one in `partial` channels."""
    return {"shared": True} if partial == 1 else {"shared": True, "partial": partial}


def is_supernet(genome: Any) -> bool:
    """Whether a genome means the shared network, rightly written or not."""
    return isinstance(genome, dict) and "shared" in genome


def channel_divisor(genome: dict[str, Any]) -> int:
    """One in how many channels goes through the operations."""
    return int(genome.get("partial", 1))


def check_supernet(genome: dict[str, Any], channels: int) -> None:
    """Holds any JSON object against the rules, for cells that begin with so many channels.

    Raises:
        InvalidArchitecture: the first broken rule, with the value.
    """
    if set(genome) - {"shared", "partial"} or genome["shared"] is not True:
        raise InvalidArchitecture(
            f"the genome is {shown(genome)}: a shared network's is "
            '{"shared": true}, with "partial" for partial channels'
        )
    partial = genome.get("partial", 2)
    if type(partial) is not int or not 2 <= partial <= MAX_PARTIAL:
        raise InvalidArchitecture(
            f"partial is {shown(partial)}: give a whole number from 2 to {MAX_PARTIAL}, "
            "or leave it out so that all channels are mixed"
        )
    if "partial" in genome and (channels % partial or channels // partial < 2):
        raise InvalidArchitecture(
            f"partial is {partial} with {channels} channels: it must divide them and leave two"
        )


def check_full_supernet(genome: dict[str, Any]) -> None:
    """The same where all channels go through the operations.

    Raises:
        InvalidArchitecture: anything but {"shared": true}.
    """
    if set(genome) != {"shared"} or genome["shared"] is not True:
        raise InvalidArchitecture(
            f"the genome is {shown(genome)}: a shared network's is "
            '{"shared": true} in this space, and nothing else'
        )


def refuse_auxiliary(auxiliary: bool) -> None:
    """Shared networks have no auxiliary head.

    Raises:
        EngineError: one is asked for.
    """
    if auxiliary:
        raise EngineError(
            "auxiliary is true for a shared network, which has no auxiliary head: leave it out"
        )


def supernet_text(genome: dict[str, Any]) -> str:
    """The shared network on one line."""
    partial = channel_divisor(genome)
    return "shared network" + (f", one in {partial} channels mixed" if partial > 1 else "")


def relaxed_edges(ends: list[tuple[str, str]], operations: tuple[str, ...]) -> list[dict[str, Any]]:
    """The drawing of edges that hold every operation, one line for each."""
    return [edge(source, target, op) for source, target in ends for op in operations]
