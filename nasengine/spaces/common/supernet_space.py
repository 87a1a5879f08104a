"""Base class of spaces that have a supernet: two kinds of genome, two kinds of network."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol, cast

from ...core.architecture import Architecture
from ...core.settings import to_mapping
from ...core.space import Space
from .membership import check_membership
from .supernet import (
    add_auxiliary,
    channel_divisor,
    check_full_supernet,
    check_supernet,
    is_supernet,
    supernet_genome,
    supernet_text,
)

if TYPE_CHECKING:
    import torch
    from _typeshed import DataclassInstance

    class ChannelSettings(DataclassInstance, Protocol):
        """The settings of a space with the capability "partial"."""

        @property
        def channels(self) -> int: ...


class SupernetSpace(Space):
    """Decides by the genome whether an architecture or the supernet is meant.

    A subclass implements the hooks for both cases. With the capability "partial", its settings
    have `channels`, the number of channels of which one in K is mixed.
    """

    def supernet(self, partial: int = 1) -> Architecture:
        """Return the supernet of the space as an architecture.

        Args:
            partial: K mixes one in K channels (PC-DARTS), with the capability "partial".
        """
        return Architecture(self.name, to_mapping(self.config), supernet_genome(partial))

    @property
    def supernet_config(self) -> Any:
        """The settings of the supernet: those of the space, with `sizes_of_supernet` if any."""
        config: Any = self.config
        return replace(config, **getattr(config, "sizes_of_supernet", {}))

    def validate(self, architecture: Architecture) -> None:
        check_membership(self, architecture)
        genome = architecture.genome
        if not is_supernet(genome):
            self._check_genome(genome)
        elif "partial" in self.capabilities:
            check_supernet(genome, cast("ChannelSettings", self.supernet_config).channels)
        else:
            check_full_supernet(genome)

    def graph(self, architecture: Architecture) -> dict[str, Any]:
        genome = architecture.genome
        return self._draw_supernet() if is_supernet(genome) else self._draw_genome(genome)

    def canonical(self, architecture: Architecture) -> Architecture:
        genome = architecture.genome
        if is_supernet(genome):
            return architecture
        return replace(architecture, genome=self._canonical_genome(genome))

    def text(self, architecture: Architecture) -> str:
        genome = architecture.genome
        return supernet_text(genome) if is_supernet(genome) else self._write_genome(genome)

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
        network = self._build_supernet(input_shape, classes, channel_divisor(genome))
        if auxiliary:
            add_auxiliary(network, input_shape, classes)
        return network

    def _canonical_genome(self, genome: Any) -> Any:
        """Return the genome that represents all genomes of the same network."""
        return genome

    @abstractmethod
    def _check_genome(self, genome: Any) -> None:
        """Check the genome of an architecture; raise InvalidArchitecture if it is wrong."""

    @abstractmethod
    def _draw_genome(self, genome: Any) -> dict[str, Any]:
        """Return the drawing of a valid genome."""

    @abstractmethod
    def _draw_supernet(self) -> dict[str, Any]:
        """Return the drawing of the supernet, with every operation of every edge."""

    @abstractmethod
    def _write_genome(self, genome: Any) -> str:
        """Return a valid genome as one line."""

    @abstractmethod
    def _build_network(
        self, genome: Any, input_shape: tuple[int, ...], classes: int, auxiliary: bool
    ) -> torch.nn.Module:
        """Return the network of a valid genome."""

    @abstractmethod
    def _build_supernet(
        self, input_shape: tuple[int, ...], classes: int, partial: int
    ) -> torch.nn.Module:
        """Return the network that shares the weights of all architectures."""
