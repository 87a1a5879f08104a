"""Strategy `darts`: operations are relaxed to a softmax, trained by gradients, then discretised.

Liu et al., DARTS (1806.09055). One supernet mixes all operations of each edge by a softmax of
architecture parameters (alphas). Alphas take steps on the validation loss and weights on the
training loss, in turn, by gradients of first or second order. At the end each node keeps its
strongest edges.

Known repairs are settings: partial channels with edge normalisation (PC-DARTS, 1907.05737),
early stopping by the dominant eigenvalue (RobustDARTS, 1909.09656) or by the count of skip
connections (DARTS+, 1909.06035), and more weight decay. The page warns in any case when skip
connections take over. Unlike in the paper, the derived cell is retrained from scratch next to
random cells, so that one run shows what it is worth.

The preset "DARTS (as published)" has the paper's settings. These differences remain: both halves
of the data come from the training part, because the validation images are kept for scores; alphas
start from 1e-3 N(0, 1) as in the reference code, not from zeros; supernet batch normalisation
always uses batch statistics; of several searches each cell is retrained in full, instead of
selecting one after 100 epochs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from ....core.architecture import Architecture
from ....core.arithmetic import softmax
from ....core.errors import InvalidArchitecture, InvalidSettings
from ....core.space import Space
from ....core.strategy import Task
from ..common.history import thinned
from ..common.progress import Derived
from ..common.search import SupernetSearch
from ..common.skip_connections import skip_count, skip_share
from .alpha_history import AlphaSnapshots, normalised_entropy
from .config import DartsConfig
from .early_stop import LOOKBACK, eigenvalue_grows, learns_nothing

EPOCH_NUMBERS = (
    "train_loss",
    "train_error",
    "valid_loss",
    "valid_error",
    "eigenvalue",
    "seconds",
)
COLLAPSED_SHARE = 0.5  # share of skip connections above which a cell has collapsed
UNDECIDED = 0.98  # normalised entropy above which the alphas prefer no operation


def check_partial(partial: int, space: Space) -> None:
    """Check that a space's supernet supports partial channels with this K.

    Raises:
        InvalidSettings: it does not support them, or K does not fit its number of channels.
    """
    fault = ""
    if partial > 1 and "partial" not in space.capabilities:
        fault = f"must be 1 on space {space.name}, which has no partial channels (got {partial})"
    elif partial > 1:
        supernet_space: Any = space
        try:
            space.validate(supernet_space.supernet(partial))
        except InvalidArchitecture as error:
            fault = str(error)
    if fault:
        raise InvalidSettings({"strategy_config.partial": fault})


class Darts(SupernetSearch):
    """Gradient-based search on a supernet whose operations are relaxed to a softmax.

    This class keeps the history of the alphas; the trainer holds the supernet.
    """

    name = "darts"
    Config = DartsConfig
    requires: ClassVar[frozenset[str]] = frozenset({"supernet", "relaxed"})
    config: DartsConfig

    def __init__(self, config: DartsConfig, task: Task):
        self._snapshots = AlphaSnapshots(task.space)
        check_partial(config.partial, task.space)
        super().__init__(config, task)

    @property
    def _derived_count(self) -> int:
        return 1 + self.config.compared

    def _reset(self) -> None:
        self._alpha_history: list[dict[str, Any]] = []  # snapshots, thinned
        self._history: list[dict[str, Any]] = []  # one row of numbers per epoch
        self._recent_alphas: list[dict[str, Any]] = []  # of the last epochs, exact
        self._selected: list[Architecture] = []  # derived, while their scores are awaited
        self._warning = ""
        self._collapsed: int | None = None  # the epoch since which the cell has collapsed

    def _supernet_architecture(self) -> Architecture:
        partial = self.config.partial
        space: Any = self.task.space  # only some spaces take partial channels
        return space.supernet() if partial == 1 else space.supernet(partial)

    def _phase_note(self, phase: str) -> dict[str, Any]:
        if phase != "derive":
            return {}
        note: dict[str, Any] = {"score": [a.genome for a in self._selection()]}
        if self.task.constraints:
            note["alphas"] = self._recent_alphas[-1]
        return note

    def _learn(self, epoch: int, findings: dict[str, Any]) -> None:
        alphas = findings["alphas"]
        derived = self.task.space.discretise(alphas)
        operations = self._snapshots.operations_of(derived)
        weights = [softmax(alphas[name]) for name in self._snapshots.cells]
        row: dict[str, Any] = {"epoch": epoch, "evenness": round(normalised_entropy(weights), 4)}
        row["skips"] = {name: round(skip_share(ops), 3) for name, ops in operations.items()}
        row |= {name: findings[name] for name in EPOCH_NUMBERS if findings.get(name) is not None}
        snapshot = self._snapshots.snapshot(epoch, alphas, derived)
        self._alpha_history = thinned([*self._alpha_history, snapshot])
        self._history.append(row)
        self._recent_alphas = [*self._recent_alphas, alphas][-LOOKBACK - 1 :]
        if epoch >= self.config.warm_up:
            self._warn(epoch, operations, row["evenness"])

    def _warn(self, epoch: int, operations: dict[str, list[str]], evenness: float) -> None:
        """Set or clear the warning of a collapse; it names the first epoch that showed it.

        While the alphas are nearly even, the strongest operations are those of chance, so their
        kind is no evidence.
        """
        first = next(iter(operations))
        cell = "cell" if first == "cell" else f"{first} cell"
        fault = ""
        if learns_nothing([op for ops in operations.values() for op in ops]):
            fault = "no operation that would be kept has weights: only skips, pooling or none"
        if skip_share(operations[first]) > COLLAPSED_SHARE:
            total = len(operations[first])
            fault = f"{skip_count(operations[first])} of {total} operations of the {cell} are skip "
            fault += "connections"
        if not fault or evenness > UNDECIDED:
            self._collapsed, self._warning = None, ""
            return
        if self._collapsed is None:
            self._collapsed = epoch + 1
        self._warning = (
            f"Collapse since epoch {self._collapsed}: {fault}; normalised entropy of the alphas "
            f"{evenness:.2f}. Try stop eigenvalue or skips, "
            "partial channels, more weight decay, or fewer epochs."
        )

    def _should_stop(self) -> bool:
        if self._progress.epoch <= self.config.warm_up:
            return False
        if self.config.stop == "eigenvalue":
            measured = [
                (row["epoch"], row["eigenvalue"]) for row in self._history if "eigenvalue" in row
            ]
            fresh = bool(measured) and measured[-1][0] == self._history[-1]["epoch"]
            if fresh and eigenvalue_grows(measured):
                return self._stop("the dominant eigenvalue grows", back=LOOKBACK)
        elif self.config.stop == "skips":
            operations = self._snapshots.operations_of(self._derived_now())
            if skip_count(next(iter(operations.values()))) > self.config.most_skips:
                return self._stop("too many skip connections", back=1)
        return False

    def _stop(self, reason: str, back: int) -> bool:
        """Stop the search with the architecture of `back` epochs before; return True."""
        self._recent_alphas = self._recent_alphas[: max(len(self._recent_alphas) - back, 1)]
        epoch = self._progress.epoch
        self._message = (
            f"Stopped after epoch {epoch}: {reason}. The architecture is that of epoch "
            f"{max(epoch - back, 1)}."
        )
        return True

    def _derive(self, findings: dict[str, Any] | None) -> Sequence[Derived]:
        selected = self._selection()
        scores: list[Any] = [None] * len(selected)
        if findings is not None:
            scores = [float(error) for error in findings["errors"]]
            if "scored" in findings:  # not in the findings of older releases
                selected = [self._made(genome) for genome in findings["scored"]]
        return [
            Derived(architecture, "derived" if index == 0 else "random", score)
            for index, (architecture, score) in enumerate(zip(selected, scores, strict=True))
        ]

    def _selection(self) -> list[Architecture]:
        """Return the derived architecture and the random ones it is compared with.

        They are drawn once and kept, so that every attempt scores the same architectures.
        """
        if not self._selected:
            sample = self.task.space.sample
            random = [sample(self._tracker.rng) for _ in range(self.config.compared)]
            self._selected = [self._derived_now(), *random]
        return self._selected

    def _made(self, genome: Any) -> Architecture:
        space = self.task.space
        architecture = Architecture(space.name, space.supernet().config, genome)
        space.validate(architecture)
        return architecture

    def _derived_now(self) -> Architecture:
        return self.task.space.discretise(self._recent_alphas[-1])

    def _method_state(self) -> dict[str, Any]:
        return {
            "frames": self._alpha_history,
            "course": self._history,
            "late": self._recent_alphas,
            "chosen": [architecture.to_json() for architecture in self._selected],
            "warning": self._warning,
            "collapsed": self._collapsed,
        }

    def _load_method_state(self, state: dict[str, Any]) -> None:
        self._alpha_history = list(state["frames"])
        self._history = list(state["course"])
        self._recent_alphas = list(state["late"])
        self._selected = [Architecture.from_json(value) for value in state["chosen"]]
        self._warning = state["warning"]
        self._collapsed = state["collapsed"]

    def _method_view(self) -> dict[str, Any]:
        return {
            "drawing": self._snapshots.layout(),
            "frames": self._alpha_history,
            "course": self._history,
            "warning": self._warning,
        }
