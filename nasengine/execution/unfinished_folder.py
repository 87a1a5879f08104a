"""The checkpoints of a search that trains its candidates in parts: one folder for each."""

from __future__ import annotations

import tempfile
from pathlib import Path

from ..core.progress import Progress
from ..core.proposal import Proposal
from ..core.search_spec import SearchSpec
from ..core.storage import FolderStorage
from .unfinished import evaluation_task, unfinished


class UnfinishedFolder:
    """Keeps the trainings that have paused until their candidates end.

    A training whose checkpoints are lost starts again with the same seed, so the folder saves
    time only; no result depends on it.
    """

    def __init__(self, path: Path):
        self.path = path

    def progress(self, spec: SearchSpec, proposal: Proposal) -> Progress | None:
        """Return where the training of a proposal is kept; None if it does not pause."""
        if proposal.until is None:
            return None
        return unfinished(evaluation_task(spec, proposal), self._place(proposal.number))

    def remove(self, number: int) -> None:
        """Remove what is kept of a candidate that has ended."""
        self._place(number).clear()

    def _place(self, number: int) -> FolderStorage:
        return FolderStorage(self.path / str(number))


class TemporaryFolder(UnfinishedFolder):
    """The same in a temporary folder, which is removed with this object."""

    def __init__(self) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="nasengine-unfinished-")
        super().__init__(Path(self._temporary.name))
