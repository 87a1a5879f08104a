"""Base class of spaces that are a chain of layers with a few sizes each, as MONAS searches them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import cycle
from typing import TYPE_CHECKING, Any, ClassVar

from ...core.architecture import Architecture
from ...core.decision import Decision
from ...core.errors import InvalidArchitecture, InvalidSettings
from ...core.settings import to_mapping
from ...core.text import shorten
from .decision_space import DecisionSpace, chain_graph
from .inheritance import copy_weights

if TYPE_CHECKING:
    import torch


def check_menus(**menus: tuple[int, ...]) -> None:
    """Refuse lists of options that are empty or contain a value twice.

    Raises:
        InvalidSettings: names each wrong list.
    """
    errors = {}
    for name, values in menus.items():
        if not values or len(set(values)) < len(values):
            listed = ", ".join(map(str, values)) or "none"
            errors[name] = f"must be one or more different values (got {listed})"
    if errors:
        raise InvalidSettings(errors)


def check_odd(**menus: tuple[int, ...]) -> None:
    """Refuse lists of options with an even value.

    Raises:
        InvalidSettings: names each wrong list.
    """
    errors = {
        name: f"must be odd (got {value})"
        for name, values in menus.items()
        for value in values
        if value % 2 == 0
    }
    if errors:
        raise InvalidSettings(errors)


class ChainSpace(DecisionSpace):
    """The genome is a list of rows, one for each layer, block or stage; a row lists its sizes."""

    capabilities = DecisionSpace.capabilities | {"inherit"}
    row: ClassVar[str]  # the name of one row, such as "layer"
    rows_setting: ClassVar[str]  # the setting with the number of rows
    sizes: ClassVar[dict[str, str]]  # name of each size: the setting with its options

    @abstractmethod
    def layer_edge(self, *sizes: int) -> dict[str, Any]:
        """Return op, family, kernel and label of one layer in a drawing."""

    @abstractmethod
    def network_maker(self) -> Callable[..., torch.nn.Module]:
        """Import and return the network class (or a function).

        It is called with the settings, the genome, the input shape, the number of classes, and
        whether there is an auxiliary head.
        """

    @property
    def rows(self) -> int:
        """The number of rows."""
        return int(getattr(self.config, self.rows_setting))

    @property
    def menus(self) -> tuple[tuple[int, ...], ...]:
        """The options of each size."""
        return tuple(getattr(self.config, name) for name in self.sizes.values())

    def architecture(self, rows: Iterable[Sequence[int]]) -> Architecture:
        """Return an architecture with the settings of this space; it is not validated."""
        return Architecture(self.name, to_mapping(self.config), [list(row) for row in rows])

    def decisions(self) -> tuple[Decision, ...]:
        """Return the decisions about the sizes of each row; a row is a block."""
        return tuple(
            Decision(f"{self.row} {block + 1} {name}", tuple(map(str, menu)), "size", block)
            for block in range(self.rows)
            for name, menu in zip(self.sizes, self.menus, strict=True)
        )

    def to_genome(self, choices: Sequence[int]) -> list[list[int]]:
        values = [menu[choice] for menu, choice in zip(cycle(self.menus), choices, strict=False)]
        width = len(self.sizes)
        return [values[start : start + width] for start in range(0, len(values), width)]

    def from_genome(self, genome: Any) -> list[int]:
        if not isinstance(genome, list) or len(genome) != self.rows:
            raise InvalidArchitecture(
                f"the genome is {shorten(genome)}: it must be a list of {self.rows} rows, one for "
                f"each {self.row}"
            )
        for number, row in enumerate(genome, start=1):
            if not isinstance(row, list) or len(row) != len(self.sizes):
                raise InvalidArchitecture(
                    f"{self.row} {number} is {shorten(row)}: it must be [{', '.join(self.sizes)}]"
                )
        columns = list(zip(self.sizes, self.menus, strict=True))
        return [
            self._choice(f"{self.row} {number} has {name}", menu, value)
            for number, row in enumerate(genome, start=1)
            for (name, menu), value in zip(columns, row, strict=True)
        ]

    def build(
        self,
        architecture: Architecture,
        input_shape: tuple[int, ...],
        classes: int,
        auxiliary: bool = False,
    ) -> torch.nn.Module:
        self.validate(architecture)
        make = self.network_maker()
        return make(self.config, architecture.genome, input_shape, classes, auxiliary)

    def inherit(
        self,
        child: Architecture,
        network: torch.nn.Module,
        parent: Architecture,
        weights: Mapping[str, torch.Tensor],
    ) -> int:
        """Copy the weights of every layer whose shape is unchanged."""
        return copy_weights(network, weights)

    def graph(self, architecture: Architecture) -> dict[str, Any]:
        return chain_graph([self.layer_edge(*row) for row in architecture.genome])

    def text(self, architecture: Architecture) -> str:
        return " ".join("x".join(map(str, row)) for row in architecture.genome)

    @staticmethod
    def _choice(place: str, menu: tuple[int, ...], value: Any) -> int:
        # True == 1 and 8.0 == 8 in Python, so the type is compared first.
        if type(value) is not int or value not in menu:
            options = ", ".join(map(str, menu))
            raise InvalidArchitecture(f"{place} {shorten(value)}: choose one of {options}")
        return menu.index(value)
