"""Batches of images that processes decode ahead: torch's DataLoader over a part."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from ...core.errors import EngineError
from .lazy import Reader

PREFETCHED = 2  # batches that each process decodes ahead


class _Images(Dataset):
    """The images of a reader as torch's DataLoader wants them."""

    def __init__(self, reader: Reader):
        self.reader = reader

    def __getitem__(self, index: int) -> tuple[np.ndarray | str, int]:
        return self.reader.read(index), int(self.reader.part.part_labels[index])

    def __len__(self) -> int:
        return len(self.reader.part)


def load_batches(
    reader: Reader, chosen: Sequence[np.ndarray], workers: int, pinned: bool
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yield pixels and labels of each batch, see `LazyPart.batches`.

    Reader processes are forked: they share the list of files and touch no GPU.
    """
    loader: DataLoader = DataLoader(
        _Images(reader),
        batch_sampler=[batch.tolist() for batch in chosen],
        num_workers=workers,
        collate_fn=_collated,
        pin_memory=pinned,
        prefetch_factor=PREFETCHED if workers else None,
        multiprocessing_context="fork" if workers else None,
    )
    for batch in loader:
        if isinstance(batch, str):
            raise EngineError(batch)
        yield batch


def _collated(
    items: list[tuple[np.ndarray | str, int]],
) -> tuple[torch.Tensor, torch.Tensor] | str:
    """Return the batch of some images, or the first error among them."""
    for pixels, _ in items:
        if isinstance(pixels, str):
            return pixels
    pixels = np.stack([pixels for pixels, _ in items if not isinstance(pixels, str)])
    return torch.from_numpy(pixels), torch.tensor([label for _, label in items])
