"""The order in which images are seen."""

from __future__ import annotations

from collections.abc import Iterator

import torch


def steps_in_epoch(count: int, batch_size: int) -> int:
    """Batches of one epoch, see `shuffled_batches`."""
    return max(count // batch_size, 1)


def shuffled_batches(
    count: int, batch_size: int, generator: torch.Generator
) -> Iterator[torch.Tensor]:
    """Positions of each batch of one epoch, in a new order.

    What does not fill a last batch is left out of this epoch: a batch of one would give
    batch normalisation nothing to average. Fewer images than a batch are one batch.
    """
    order = torch.randperm(count, generator=generator)
    for step in range(steps_in_epoch(count, batch_size)):
        yield order[step * batch_size : (step + 1) * batch_size]
