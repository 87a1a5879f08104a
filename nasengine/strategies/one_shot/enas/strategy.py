"""Strategy `enas`: a controller writes architectures, rewarded by what they do with shared weights.

Pham et al., ENAS (1802.03268). In each epoch the weights see the training data once, one drawn
architecture in each step; then the controller is trained by policy gradient, the weights held, with
the accuracy on a batch of the other part as reward (80 / perplexity of text). In the end several
architectures are drawn from the policy, scored with shared weights, and the best trained alone.

Differently from the released code all samples of a controller step are rewarded on the same batch,
so that they differ by themselves alone; the learning rate falls once, by half a cosine; and the
controller knows its place in the sequence (setting `placed`).
"""

from __future__ import annotations

from typing import Any, ClassVar

from ....core.architecture import Architecture
from ....core.strategy import Task
from ..common.early_stop import skip_share
from ..common.history import thinned
from ..common.sampled_search import TOLD, SampledSearch
from .config import EnasConfig
from .policy_history import Policy

LEARNED = (*TOLD, "reward", "entropy", "baseline", "skip_penalty")


class Enas(SampledSearch):
    """Keeps the course of the policy; the controller itself lies in the checkpoints."""

    name = "enas"
    Config = EnasConfig
    config: EnasConfig
    requires: ClassVar[frozenset[str]] = frozenset({"supernet", "decisions"})

    def __init__(self, config: EnasConfig, task: Task):
        self._policy = Policy(task.space)
        super().__init__(config, task)

    def _begin(self) -> None:
        super()._begin()
        self._frames: list[dict[str, Any]] = []

    def _learn(self, epoch: int, findings: dict[str, Any]) -> None:
        space = self.task.space
        best = Architecture(space.name, space.supernet().config, findings["best"])
        space.validate(best)
        frame = self._policy.frame(epoch, findings["policy"], best)
        row: dict[str, Any] = {"epoch": epoch, **self._numbers(findings, LEARNED)}
        row["skips"] = {
            cell["name"]: round(skip_share([e["op"] for e in cell["edges"] if _chosen(e)]), 3)
            for cell in space.graph(best)["cells"]
        }
        self._frames = thinned([*self._frames, frame])
        self._course.append(row)

    def _own_state(self) -> dict[str, Any]:
        return {"course": self._course, "frames": self._frames}

    def _load_own(self, state: dict[str, Any]) -> None:
        super()._load_own(state)
        self._frames = list(state["frames"])

    def _own_view(self) -> dict[str, Any]:
        drawing = self._policy.drawing(self._frames)
        return {"course": self._course, "frames": self._frames, "drawing": drawing}


def _chosen(edge: dict[str, Any]) -> bool:
    return edge["family"] not in ("concat", "none")
