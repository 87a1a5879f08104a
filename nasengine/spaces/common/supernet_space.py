"""What spaces with a shared network have in common: one genome more, and what becomes of it."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from ...core.architecture import Architecture
from ...core.settings import to_mapping
from ...core.space import Space
from .membership import check_membership
from .supernet import (
    channel_divisor,
    check_full_supernet,
    check_supernet,
    is_supernet,
    refuse_auxiliary,
    supernet_genome,
    supernet_text,
)

if TYPE_CHECKING:
    import torch


class SupernetSpace(Space):
    """A space says what becomes of its own genomes and of the shared network, apart.

    Where it offers "partial" its settings have `channels`, of which one in `partial` is mixed.
    """

    config: Any

    def supernet(self, partial: int = 1) -> Architecture:
        """The network all architectures share the weights of.

        With `partial` = K one in K channels is mixed (PC-DARTS), where the space offers that.
        """
        return Architecture(self.name, to_mapping(self.config), supernet_genome(partial))

    def validate(self, architecture: Architecture) -> None:
        check_membership(self, architecture)
        genome = architecture.genome
        if not is_supernet(genome):
            self._check(genome)
        elif "partial" in self.capabilities:
            check_supernet(genome, self.config.channels)
        else:
            check_full_supernet(genome)

    def graph(self, architecture: Architecture) -> dict[str, Any]:
        genome = architecture.genome
        return self._supernet_graph() if is_supernet(genome) else self._graph(genome)

    def text(self, architecture: Architecture) -> str:
        genome = architecture.genome
        return supernet_text(genome) if is_supernet(genome) else self._text(genome)

    def build(
        self,
        architecture: Architecture,
        input_shape: tuple[int, ...],
        classes: int,
        auxiliary: bool = False,
    ) -> torch.nn.Module:
        self.validate(architecture)
        genome = architecture.genome
        if not is_supernet(genome):
            return self._build_network(genome, input_shape, classes, auxiliary)
        refuse_auxiliary(auxiliary)
        return self._build_supernet(input_shape, classes, channel_divisor(genome))

    @abstractmethod
    def _check(self, genome: Any) -> None:
        """Raises InvalidArchitecture as `validate` does."""

    @abstractmethod
    def _graph(self, genome: Any) -> dict[str, Any]:
        """As `graph`."""

    @abstractmethod
    def _supernet_graph(self) -> dict[str, Any]:
        """As `graph`, with all that an edge may hold."""

    @abstractmethod
    def _text(self, genome: Any) -> str:
        """As `text`."""

    @abstractmethod
    def _build_network(
        self, genome: Any, input_shape: tuple[int, ...], classes: int, auxiliary: bool
    ) -> torch.nn.Module:
        """As `build`, of a genome that was checked."""

    @abstractmethod
    def _build_supernet(
        self, input_shape: tuple[int, ...], classes: int, partial: int
    ) -> torch.nn.Module:
        """The network that holds every architecture."""
