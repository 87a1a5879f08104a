"""Which of many architectures are best with shared weights: a quick look at all, then few."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ....core.architecture import Architecture
from .supernet import Shared, rounded

QUICK = 512  # images, or steps of text as many words take
FINALISTS = 10


def ranked(shared: Shared, drawn: Sequence[Architecture], wanted: int) -> dict[str, Any]:
    """{"genomes", "errors"} of the best, best first; each architecture once.

    All are scored on the beginning of the validation part, the better ones on the whole of it.
    """
    space, feed, network = shared.evaluation.space, shared.feed, shared.network
    different = list({one.canonical: one for one in drawn}.values())
    quick = [feed.score(network, space.choices(one), QUICK).value for one in different]
    order = sorted(range(len(different)), key=lambda place: (quick[place], place))
    finalists = [different[place] for place in order[: max(FINALISTS, wanted)]]
    whole = [feed.score(network, space.choices(one)).value for one in finalists]
    order = sorted(range(len(finalists)), key=lambda place: (whole[place], place))[:wanted]
    return {
        "genomes": [finalists[place].genome for place in order],
        "errors": [rounded(whole[place]) for place in order],
    }
