"""What spaces with a shared network have in common: one genome more, and what becomes of it."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from ...core.architecture import Architecture
from ...core.settings import to_mapping
from ...core.space import Space
from .membership import check_membership
from .supernet import (
    check_shared,
    check_whole_shared,
    is_shared,
    partial_of,
    refuse_auxiliary,
    shared_genome,
    shared_text,
)

if TYPE_CHECKING:
    import torch


class SupernetSpace(Space):
    """A space says what becomes of its own genomes and of the shared network, apart.

    Where it offers "partial" its settings have `channels`, of which one in `partial` is mixed.
    """

    config: Any

    def shared(self, partial: int = 1) -> Architecture:
        """The network all architectures share the weights of.

        With `partial` = K one in K channels is mixed (PC-DARTS), where the space offers that.
        """
        return Architecture(self.name, to_mapping(self.config), shared_genome(partial))

    def validate(self, architecture: Architecture) -> None:
        check_membership(self, architecture)
        genome = architecture.genome
        if not is_shared(genome):
            self._check(genome)
        elif "partial" in self.capabilities:
            check_shared(genome, self.config.channels)
        else:
            check_whole_shared(genome)

    def graph(self, architecture: Architecture) -> dict[str, Any]:
        genome = architecture.genome
        return self._draw_shared() if is_shared(genome) else self._draw(genome)

    def text(self, architecture: Architecture) -> str:
        genome = architecture.genome
        return shared_text(genome) if is_shared(genome) else self._write(genome)

    def build(
        self,
        architecture: Architecture,
        input_shape: tuple[int, ...],
        classes: int,
        auxiliary: bool = False,
    ) -> torch.nn.Module:
        self.validate(architecture)
        genome = architecture.genome
        if not is_shared(genome):
            return self._network(genome, input_shape, classes, auxiliary)
        refuse_auxiliary(auxiliary)
        return self._shared_network(input_shape, classes, partial_of(genome))

    @abstractmethod
    def _check(self, genome: Any) -> None:
        """Raises InvalidArchitecture as `validate` does."""

    @abstractmethod
    def _draw(self, genome: Any) -> dict[str, Any]:
        """As `graph`."""

    @abstractmethod
    def _draw_shared(self) -> dict[str, Any]:
        """As `graph`, with all that an edge may hold."""

    @abstractmethod
    def _write(self, genome: Any) -> str:
        """As `text`."""

    @abstractmethod
    def _network(
        self, genome: Any, input_shape: tuple[int, ...], classes: int, auxiliary: bool
    ) -> torch.nn.Module:
        """As `build`, of a genome that was checked."""

    @abstractmethod
    def _shared_network(
        self, input_shape: tuple[int, ...], classes: int, partial: int
    ) -> torch.nn.Module:
        """The network that holds every architecture."""
