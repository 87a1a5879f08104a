"""Worker process of a search: receives proposals over a socket, sends back outcomes.

Started by `nasengine.execution.pool` as `python -m nasengine.execution.worker DESCRIPTOR`. It
is a new interpreter, not a fork: CUDA contexts and threads do not survive a fork, and the
script or notebook of the parent is not imported again. The socket is private to the two
processes, so what arrives on it is as trustworthy as the parent itself.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from ..catalog import register
from ..core.errors import Cancelled
from ..core.proposal import Proposal
from ..core.search_spec import SearchSpec
from ..core.weight_store import NO_WEIGHTS
from .evaluation import evaluate
from .unfinished_folder import UnfinishedFolder
from .weight_store import FolderWeightStore


def main(descriptor: int) -> None:
    """Evaluate what arrives until the parent closes the connection."""
    connection = Connection(descriptor)
    try:
        spec, weights, unfinished = _set_up(connection)
        connection.send(("ready", None, None))
        while True:
            _evaluate(connection, spec, weights, unfinished)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return  # the parent has ended, or needs this worker no more


def _set_up(connection: Connection) -> tuple[SearchSpec, Any, UnfinishedFolder]:
    """Return settings, weights and checkpoints; register what the parent had registered."""
    order = connection.recv()
    for kind, entry, name in order["registered"]:
        register(kind, entry, name)
    folder = order["weights"]
    store = NO_WEIGHTS if folder is None else FolderWeightStore(Path(folder))
    unfinished = UnfinishedFolder(Path(order["unfinished"]))
    return SearchSpec.from_json(order["spec"]), store, unfinished


def _evaluate(
    connection: Connection, spec: SearchSpec, weights: Any, unfinished: UnfinishedFolder
) -> None:
    proposal = Proposal.from_json(connection.recv())

    def report(point: dict[str, Any]) -> None:
        connection.send(("epoch", proposal.number, point))

    # The parent sends nothing during an evaluation: what arrives is the end of its connection.
    progress = unfinished.progress(spec, proposal)
    outcome = evaluate(spec, proposal, report, connection.poll, weights, progress=progress)
    connection.send(("outcome", proposal.number, outcome.to_json()))


if __name__ == "__main__":
    with suppress(Cancelled):
        main(int(sys.argv[1]))
