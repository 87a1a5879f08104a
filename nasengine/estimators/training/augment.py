"""Random changes of whole batches, by tensors on their own device.

The choices (where to cut, what to mirror) come from a CPU generator and are small; so a
seed means the same batches on every device.
"""

from __future__ import annotations

import torch
from torch.nn import functional

from .config import TrainConfig


def augment(images: torch.Tensor, config: TrainConfig, generator: torch.Generator) -> torch.Tensor:
    """Crop, flip, cutout, in this order, as far as the settings ask for them.

    Images are n x c x h x w and normalised: a border or a hidden square is 0, the mean
    of the training images, where the papers' code pads before it normalises.
    """
    count, _, height, width = images.shape
    if config.crop:
        most = 2 * config.crop + 1
        offsets = torch.randint(most, (2, count), generator=generator)
        images = crop(images, config.crop, offsets[0], offsets[1])
    if config.flip:
        images = flip(images, torch.rand(count, generator=generator) < 0.5)
    if config.cutout:
        rows = torch.randint(height, (count,), generator=generator)
        columns = torch.randint(width, (count,), generator=generator)
        images = cutout(images, config.cutout, rows, columns)
    return images


def crop(
    images: torch.Tensor, border: int, down: torch.Tensor, right: torch.Tensor
) -> torch.Tensor:
    """Each image, padded by a border of zeros, cut out at its own offset.

    `down` and `right` (n, from 0 to 2 x border) say how far; at (border, border) an image
    stays as it is.
    """
    count, _, height, width = images.shape
    padded = functional.pad(images, (border,) * 4)
    rows = _span(down, height, images)
    columns = _span(right, width, images)
    batch = torch.arange(count, device=images.device)
    # Advanced indices on both sides of a slice put the channels last: n x h x w x c.
    cut = padded[batch[:, None, None], :, rows[:, :, None], columns[:, None, :]]
    return cut.permute(0, 3, 1, 2)


def flip(images: torch.Tensor, mirrored: torch.Tensor) -> torch.Tensor:
    """The images where `mirrored` (n, bool) is true, left and right exchanged."""
    chosen = mirrored.to(images.device).view(-1, 1, 1, 1)
    return torch.where(chosen, images.flip(3), images)


def cutout(
    images: torch.Tensor, side: int, rows: torch.Tensor, columns: torch.Tensor
) -> torch.Tensor:
    """A square of zeros around each centre (n rows, n columns), cut off at the edges.

    It spans from centre - side // 2 to just before that plus side (1708.04552).
    """
    _, _, height, width = images.shape
    tall = _inside(rows, side, height, images)
    wide = _inside(columns, side, width, images)
    hidden = tall[:, None, :, None] & wide[:, None, None, :]
    return images.masked_fill(hidden, 0.0)


def _span(start: torch.Tensor, length: int, images: torch.Tensor) -> torch.Tensor:
    return start.to(images.device)[:, None] + torch.arange(length, device=images.device)


def _inside(centres: torch.Tensor, side: int, length: int, images: torch.Tensor) -> torch.Tensor:
    first = centres.to(images.device)[:, None] - side // 2
    places = torch.arange(length, device=images.device)
    return (places >= first) & (places < first + side)
