"""The order of the images in an epoch."""

from __future__ import annotations

from collections.abc import Iterator

import torch


def steps_in_epoch(count: int, batch_size: int) -> int:
    """Return the number of batches of one epoch, see `shuffled_batches`."""
    return max(count // batch_size, 1)


def images_in_epoch(count: int, batch_size: int) -> int:
    """Return the number of images that one epoch reads, see `shuffled_batches`."""
    return steps_in_epoch(count, batch_size) * min(batch_size, count)


def shuffled_batches(
    count: int, batch_size: int, generator: torch.Generator
) -> Iterator[torch.Tensor]:
    """Yield the positions of each batch of one epoch in random order.

    An incomplete last batch is dropped, because batch normalisation cannot average over a batch
    of one image. Fewer images than `batch_size` make one batch.
    """
    order = torch.randperm(count, generator=generator)
    for step in range(steps_in_epoch(count, batch_size)):
        yield order[step * batch_size : (step + 1) * batch_size]
