"""Strategy `darts`: operations relaxed to a softmax, learned by gradients, then made discrete.

Liu et al., DARTS (1806.09055). One shared network mixes all operations of each edge by a softmax
of its architecture parameters; these are stepped by the validation loss, weights by the training
loss, in turn, first or second order. In the end each node keeps its strongest edges.

Accepted repairs are settings: partial channels with edge normalisation (PC-DARTS, 1907.05737), an
early end by the dominant eigenvalue (RobustDARTS, 1909.09656) or by the count of skip connections
(DARTS+, 1909.06035), more weight decay. Where skip connections take over the page says so in any
case. Differently from the paper the cell found is trained alone beside random ones, so that what
it is worth can be seen in the same run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from ....core.architecture import Architecture
from ....core.arithmetic import softmax
from ....core.errors import InvalidArchitecture, InvalidSettings
from ....core.space import Space
from ....core.strategy import Task
from ..common.early_stop import BACK, eigenvalue_grows, learns_nothing, skip_share
from ..common.history import Relaxed, evenness, thinned
from ..common.progress import Derived
from ..common.search import SharedSearch
from .config import DartsConfig

TOLD = ("train_loss", "train_error", "valid_loss", "valid_error", "eigenvalue", "seconds")
TOO_MANY = 0.5  # share of skips above which a cell has collapsed


def check_partial(partial: int, space: Space) -> None:
    """Whether a space's shared network can send one in so many channels through its operations.

    Raises:
        InvalidSettings: it cannot at all, or not with its number of channels.
    """
    fault = ""
    if partial > 1 and "partial" not in space.capabilities:
        fault = f"the space {space.name} mixes no channels: leave it at 1"
    elif partial > 1:
        sharing: Any = space
        try:
            space.validate(sharing.supernet(partial))
        except InvalidArchitecture as error:
            fault = str(error)
    if fault:
        raise InvalidSettings({"strategy_config.partial": fault})


class Darts(SharedSearch):
    """Keeps the course of the architecture parameters; what is trained it does not know."""

    name = "darts"
    Config = DartsConfig
    requires: ClassVar[frozenset[str]] = frozenset({"supernet", "relaxed"})
    config: DartsConfig

    def __init__(self, config: DartsConfig, task: Task):
        self._relaxed = Relaxed(task.space)
        check_partial(config.partial, task.space)
        super().__init__(config, task)

    @property
    def _proofs(self) -> int:
        return 1 + self.config.compared

    def _begin(self) -> None:
        self._frames: list[dict[str, Any]] = []
        self._course: list[dict[str, Any]] = []  # one row of numbers an epoch
        self._late: list[dict[str, Any]] = []  # alphas of the last epochs, whole
        self._chosen: list[Architecture] = []  # what is derived, while its score is awaited
        self._warning = ""
        self._collapsed: int | None = None  # since which epoch

    def _shared_architecture(self) -> Architecture:
        partial = self.config.partial
        space: Any = self.task.space  # which may share partially
        return space.supernet() if partial == 1 else space.supernet(partial)

    def _asks_for(self, phase: str) -> dict[str, Any]:
        if phase != "derive":
            return {}
        if not self._chosen:
            self._chosen = [self._found(), *self._strangers()]
        return {"score": [one.genome for one in self._chosen]}

    def _learn(self, epoch: int, findings: dict[str, Any]) -> None:
        alphas = findings["alphas"]
        chosen = self.task.space.discretise(alphas)
        ops = self._relaxed.chosen_operations(chosen)
        weights = [softmax(alphas[name]) for name in self._relaxed.cells]
        row: dict[str, Any] = {"epoch": epoch, "evenness": round(evenness(weights), 4)}
        row["skips"] = {name: round(skip_share(one), 3) for name, one in ops.items()}
        row |= {name: findings[name] for name in TOLD if findings.get(name) is not None}
        self._frames = thinned([*self._frames, self._relaxed.frame(epoch, alphas, chosen)])
        self._course.append(row)
        self._late = [*self._late, alphas][-BACK - 1 :]
        if epoch >= self.config.warm_up:
            self._warn(epoch, ops)

    def _warn(self, epoch: int, ops: dict[str, list[str]]) -> None:
        """A collapse stays said from the first epoch that shows it to the first that does not."""
        first = next(iter(ops))
        word = "cell" if first == "cell" else f"{first} cell"
        fault = ""
        if learns_nothing([op for one in ops.values() for op in one]):
            fault = "no operation that would be kept learns anything: skips, pools or nothing"
        if skip_share(ops[first]) > TOO_MANY:
            skips = sum(self._skips_of(ops[first]))
            fault = f"{skips} of {len(ops[first])} operations of the {word} are skip connections"
        if not fault:
            self._collapsed = None
        elif self._collapsed is None:
            self._collapsed = epoch + 1
        self._warning = ""
        if fault:
            self._warning = (
                f"Collapse since epoch {self._collapsed}: {fault}. Try stop eigenvalue or skips, "
                "partial channels, more weight decay, or fewer epochs."
            )

    @staticmethod
    def _skips_of(ops: Sequence[str]) -> list[bool]:
        return [skip_share([op]) > 0 for op in ops]

    def _stops(self) -> bool:
        if self._progress.epoch <= self.config.warm_up:
            return False
        if self.config.stop == "eigenvalue":
            known = [
                (row["epoch"], row["eigenvalue"]) for row in self._course if "eigenvalue" in row
            ]
            if known and known[-1][0] == self._course[-1]["epoch"] and eigenvalue_grows(known):
                return self._stopped("the dominant eigenvalue grows", back=BACK)
        elif self.config.stop == "skips":
            ops = self._relaxed.chosen_operations(self.task.space.discretise(self._late[-1]))
            if sum(self._skips_of(next(iter(ops.values())))) > self.config.most_skips:
                return self._stopped("skip connections become too many", back=1)
        return False

    def _stopped(self, why: str, back: int) -> bool:
        """Ends the search with the architecture of so many epochs before."""
        self._late = self._late[: max(len(self._late) - back, 1)]
        epoch = self._progress.epoch
        self._said = (
            f"Stopped after epoch {epoch}: {why}. The architecture is that of epoch "
            f"{max(epoch - back, 1)}."
        )
        return True

    def _derived(self, findings: dict[str, Any] | None) -> Sequence[Derived]:
        if not self._chosen:
            self._chosen = [self._found(), *self._strangers()]
        scores: list[Any] = [None] * len(self._chosen)
        if findings is not None:
            scores = [float(one) for one in findings["errors"]]
        return [
            Derived(one, "derived" if place == 0 else "random", score)
            for place, (one, score) in enumerate(zip(self._chosen, scores, strict=True))
        ]

    def _found(self) -> Architecture:
        return self.task.space.discretise(self._late[-1])

    def _strangers(self) -> list[Architecture]:
        return [self.task.space.sample(self._ledger.rng) for _ in range(self.config.compared)]

    def _own_state(self) -> dict[str, Any]:
        return {
            "frames": self._frames,
            "course": self._course,
            "late": self._late,
            "chosen": [one.to_json() for one in self._chosen],
            "warning": self._warning,
            "collapsed": self._collapsed,
        }

    def _load_own(self, state: dict[str, Any]) -> None:
        self._frames = list(state["frames"])
        self._course = list(state["course"])
        self._late = list(state["late"])
        self._chosen = [Architecture.from_json(one) for one in state["chosen"]]
        self._warning = state["warning"]
        self._collapsed = state["collapsed"]

    def _own_view(self) -> dict[str, Any]:
        return {
            "drawing": self._relaxed.drawing(),
            "frames": self._frames,
            "course": self._course,
            "warning": self._warning,
        }
