"""Searches that draw whole architectures, score them with shared weights and prove the best."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from ....core.architecture import Architecture
from ....core.settings import setting
from .config import SharingConfig
from .progress import Derived
from .search import SharedSearch

TOLD = ("train_loss", "train_error", "seconds")


@dataclass(frozen=True)
class SampledConfig(SharingConfig):
    """Settings of searches that draw architectures in the end."""

    sampled: int = setting(
        100, "Architectures drawn in the end and scored with shared weights.", low=1, high=100_000
    )
    proofs: int = setting(
        4,
        "How many of the best are trained alone; with three or more it shows whether shared "
        "errors tell anything.",
        low=1,
        high=1000,
    )


class SampledSearch(SharedSearch):
    """What is drawn and scored the trainer says; here it becomes candidates."""

    requires: ClassVar[frozenset[str]] = frozenset({"supernet", "decisions"})
    config: SampledConfig

    @property
    def _proofs(self) -> int:
        return self.config.proofs

    def _begin(self) -> None:
        self._course: list[dict[str, Any]] = []  # one row of numbers an epoch

    @staticmethod
    def _numbers(findings: dict[str, Any], names: Sequence[str] = TOLD) -> dict[str, float]:
        """The finite ones of these."""
        found = {name: findings.get(name) for name in names}
        return {
            name: value
            for name, value in found.items()
            if isinstance(value, (int, float)) and math.isfinite(value)
        }

    def _derived(self, findings: dict[str, Any] | None) -> Sequence[Derived]:
        if findings is None:
            return ()
        space = self.task.space
        config = space.supernet().config
        derived = []
        for genome, error in zip(findings["genomes"], findings["errors"], strict=True):
            architecture = Architecture(space.name, config, genome)
            space.validate(architecture)
            derived.append(Derived(architecture, "derived", float(error)))
        return derived[: self._proofs]

    def _own_state(self) -> dict[str, Any]:
        return {"course": self._course}

    def _load_own(self, state: dict[str, Any]) -> None:
        self._course = list(state["course"])

    def _own_view(self) -> dict[str, Any]:
        return {"course": self._course}
