"""Strategy `enas`: a controller samples architectures, rewarded by their supernet accuracy.

Pham et al., ENAS (1802.03268). In each epoch the weights see the training data once, one sampled
architecture per step. Then the controller is trained by policy gradient with the weights fixed;
the reward is the accuracy on a batch of the other part (80 / perplexity for text). At the end,
architectures are sampled from the policy, scored with the supernet, and the best are retrained
from scratch.

The presets "ENAS ... (as published)" have the settings of the released code; by default the
learning rate falls once, the supernet is not regularised, and each position of the sequence has
weights of its own (setting `placed`). These differences remain:

- All samples of a controller step are rewarded on the same batch and without dropout.
- Weight decay is torch's; the released code adds the squared weights to the loss, twice as much.
- The auxiliary head reads the second reduction and is trained; released: the cell after it, fixed.
- Drop-path acts in the search where it is set; released: passed to the search, but not applied.
- Gradients are clipped as one vector.
- The recurrent supernet has one matrix for each pair of nodes, without one for each function.
"""

from __future__ import annotations

from typing import Any, ClassVar

from ....core.architecture import Architecture
from ....core.strategy import Task
from ..common.history import thinned
from ..common.sampled_search import EPOCH_NUMBERS, SampledSearch
from ..common.skip_connections import skip_share
from .config import EnasConfig
from .policy_history import PolicySnapshots

CONTROLLER_NUMBERS = (*EPOCH_NUMBERS, "reward", "entropy", "baseline", "skip_penalty")


class Enas(SampledSearch):
    """Reinforcement learning on a supernet: a controller samples, supernet accuracy rewards.

    This class keeps the history of the policy; the controller is in the checkpoints.
    """

    name = "enas"
    Config = EnasConfig
    config: EnasConfig
    requires: ClassVar[frozenset[str]] = frozenset({"supernet", "decisions"})

    def __init__(self, config: EnasConfig, task: Task):
        self._snapshots = PolicySnapshots(task.space)
        super().__init__(config, task)

    def _reset(self) -> None:
        super()._reset()
        self._policy_history: list[dict[str, Any]] = []

    def _learn(self, epoch: int, findings: dict[str, Any]) -> None:
        space = self.task.space
        best = Architecture(space.name, space.supernet().config, findings["best"])
        space.validate(best)
        snapshot = self._snapshots.snapshot(epoch, findings["policy"], best)
        row: dict[str, Any] = {"epoch": epoch}
        row |= self._finite_numbers(findings, CONTROLLER_NUMBERS)
        row["skips"] = {
            cell["name"]: round(skip_share([e["op"] for e in cell["edges"] if _is_operation(e)]), 3)
            for cell in space.graph(best)["cells"]
        }
        self._policy_history = thinned([*self._policy_history, snapshot])
        self._history.append(row)

    def _method_state(self) -> dict[str, Any]:
        return {"course": self._history, "frames": self._policy_history}

    def _load_method_state(self, state: dict[str, Any]) -> None:
        super()._load_method_state(state)
        self._policy_history = list(state["frames"])

    def _method_view(self) -> dict[str, Any]:
        return {
            "course": self._history,
            "frames": self._policy_history,
            "drawing": self._snapshots.layout(self._policy_history),
        }


def _is_operation(edge: dict[str, Any]) -> bool:
    return edge["family"] not in ("concat", "none")
