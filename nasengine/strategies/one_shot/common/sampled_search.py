"""One-shot searches that sample architectures, score them with the supernet, retrain the best."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from ....core.architecture import Architecture
from ....core.dataset import DataKind
from ....core.settings import setting
from .config import SupernetConfig
from .progress import Derived
from .regularisation import REGULARISATION, RegularisedConfig
from .search import SupernetSearch

EPOCH_NUMBERS = ("train_loss", "train_error", "seconds")


@dataclass(frozen=True)
class SampledConfig(RegularisedConfig, SupernetConfig):
    """Settings of searches that sample architectures at the end."""

    sampled: int = setting(
        100,
        "Architectures sampled at the end and scored with the supernet.",
        low=1,
        high=100_000,
    )
    proofs: int = setting(
        4,
        "Top k by supernet error that are retrained from scratch; at least 3 give a rank "
        "correlation.",
        low=1,
        high=1000,
    )

    def _errors_on(self, kind: DataKind) -> dict[str, str]:
        errors = super()._errors_on(kind)
        if kind == "text":
            errors |= {
                name: "applies only to images, and the space reads text: set it to 0"
                for name in REGULARISATION
                if getattr(self, name)
            }
        return errors


class SampledSearch(SupernetSearch):
    """The trainer samples and scores; this strategy turns the best samples into candidates."""

    requires: ClassVar[frozenset[str]] = frozenset({"supernet", "decisions"})
    config: SampledConfig

    @property
    def _derived_count(self) -> int:
        return self.config.proofs

    def _reset(self) -> None:
        self._history: list[dict[str, Any]] = []  # one row of numbers per epoch

    @staticmethod
    def _finite_numbers(
        findings: dict[str, Any], names: Sequence[str] = EPOCH_NUMBERS
    ) -> dict[str, float]:
        """Return the named findings that are finite numbers."""
        named = {name: findings.get(name) for name in names}
        return {
            name: value
            for name, value in named.items()
            if isinstance(value, (int, float)) and math.isfinite(value)
        }

    def _derive(self, findings: dict[str, Any] | None) -> Sequence[Derived]:
        if findings is None:
            return ()
        space = self.task.space
        config = space.supernet().config
        derived = []
        for genome, error in zip(findings["genomes"], findings["errors"], strict=True):
            architecture = Architecture(space.name, config, genome)
            space.validate(architecture)
            derived.append(Derived(architecture, "derived", float(error)))
        return derived[: self._derived_count]

    def _method_state(self) -> dict[str, Any]:
        return {"course": self._history}

    def _load_method_state(self, state: dict[str, Any]) -> None:
        self._history = list(state["course"])

    def _method_view(self) -> dict[str, Any]:
        return {"course": self._history}
