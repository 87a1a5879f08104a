"""Proxy: the interface of cheap estimates of a network's quality, made before it is trained."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from .errors import EngineError
from .measurement import Measurement
from .objective import Objective

if TYPE_CHECKING:
    import torch

Batch = tuple["torch.Tensor", "torch.Tensor"]  # inputs n x c x h x w, labels n


class Probe(Protocol):
    """A network with fresh weights and batches of the train part.

    Attributes:
        shape: Channels x height x width of one image.
        seed: Seed of everything random in a proxy.
        batches: At least two batches of different images.
        memory: Results that one proxy has computed for others, by name.
    """

    shape: tuple[int, ...]
    seed: int
    batches: Sequence[Batch]
    memory: dict[str, Any]

    def network(self) -> torch.nn.Module:
        """Return a copy of the network in training mode that the caller may change."""

    def gradients(self, index: int = 0) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """Return (weights, gradient) of each layer for the loss on one batch; kept for others."""


class Proxy(ABC):
    """A number that is known before training and ranks networks; higher is better.

    Proxies are defined for networks that read images.

    Attributes:
        name: The catalogue name.
        help: One sentence for forms and the reference.
        parts: Names of the proxies that this one combines; empty for all others.
    """

    name: ClassVar[str]
    help: ClassVar[str] = ""
    parts: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def score(self, probe: Probe) -> float:
        """Return the score of one network.

        Raises:
            EngineError: the proxy is an ensemble: it ranks several networks, see `ProxyEnsemble`.
        """


class ProxyEnsemble(Proxy):
    """A proxy that ranks a set of networks by the scores of several other proxies."""

    def score(self, probe: Probe) -> float:
        raise EngineError(f"{self.name} ranks a set of networks: use its parts for a single one")

    @abstractmethod
    def combined(self, scores: Mapping[str, Sequence[float]]) -> list[float]:
        """Return one score for each network of a set.

        Args:
            scores: The scores of each part, in the order of the networks.
        """


class ProxyObjective(Objective):
    """A proxy as an objective; `proxy` is its class. It is measured with a `Probe`."""

    better = "higher"
    cheap = True
    data_kinds = ("images",)
    proxy: ClassVar[type[Proxy]]

    def measure(
        self, network: torch.nn.Module, input_shape: tuple[int, ...], device: str | None
    ) -> Measurement:
        raise EngineError(f"{self.kind} needs a batch of the train part: measure it in a search")


@cache
def as_objective(proxy: type[Proxy]) -> type[ProxyObjective]:
    """Return the objective of a proxy.

    Raises:
        EngineError: the proxy is an ensemble.
    """
    if proxy.parts:
        raise EngineError(
            f"{proxy.name} ranks a set of networks, so it has no value for one of them: use "
            f"{', '.join(proxy.parts)} as objectives"
        )
    members = {
        "kind": proxy.name,
        "help": proxy.help,
        "proxy": proxy,
        "__doc__": f"The proxy {proxy.name} as an objective; higher is better.",
    }
    return type(f"{proxy.__name__}Objective", (ProxyObjective,), members)
