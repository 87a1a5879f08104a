"""The identity of an unfinished training: which task it is, and by which code."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

from ..core.architecture import canonical_json
from ..core.progress import CHECKPOINT_SECONDS, Notify, Progress, ignore
from ..core.proposal import Proposal
from ..core.search_spec import SearchSpec
from ..core.storage import Storage
from .code_version import code_version

# Settings of a search that an evaluation depends on. Others, such as the budget, may change.
EVALUATION_SETTINGS = (
    "space", "space_config", "dataset", "dataset_config", "estimator", "estimator_config",
    "objectives", "constraints", "seed",
)  # fmt: skip


def unfinished(
    task: dict[str, Any],
    storage: Storage,
    *,
    seconds: float = CHECKPOINT_SECONDS,
    notify: Notify = ignore,
) -> Progress:
    """Return where the training of a task is kept.

    Args:
        task: The training as JSON.
        storage: A place for this training only.
        seconds: Least time between two checkpoints.
        notify: Takes the notices, see `Progress`.
    """
    sha = hashlib.sha256(canonical_json(task).encode()).hexdigest()
    identity = {"task": sha, "code": code_version()}
    return Progress(storage, identity, seconds, notify)


def evaluation_task(spec: SearchSpec, proposal: Proposal) -> dict[str, Any]:
    """Return an evaluation as a task of `unfinished`."""
    settings = spec.to_json()
    whole = replace(proposal, until=None)  # every part of a training has the same checkpoints
    return {
        "proposal": whole.to_json(),
        **{name: settings.get(name) for name in EVALUATION_SETTINGS},
    }
